export { ensemble as default, DEFAULT_WEIGHTS } from './strategy.js';
