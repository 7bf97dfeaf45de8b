export { createSimulator, resumeSimulator } from './simulator.js';
export type { SimulatedSession, Simulator, SimulatorOptions, SimulatorState } from './simulator.js';
export type { MacroRow } from './macro-walk.js';
export { SIMULATED_MACRO } from './macro-walk.js';
export { DEMO_EDGE, EDGE_TEXT } from './edge.js';
export { barStatistics, type BarStatistics } from './bar-statistics.js';
