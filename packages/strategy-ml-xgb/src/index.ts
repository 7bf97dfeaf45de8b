export { mlXgb as default } from './strategy.js';
