// The host as a library: what an application that starts it itself needs.
export { startHost, type StartObserver, type StartOptions } from './main.js';
export { findProject, loadConfig, type Config, type ConfigFlags } from './config/config.js';
export type { Listening } from './services/index.js';
