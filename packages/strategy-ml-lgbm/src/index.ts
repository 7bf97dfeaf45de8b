export { mlLgbm as default } from './strategy.js';
