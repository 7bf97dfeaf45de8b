export { rlPpo as default } from './strategy.js';
