export { createSimulator, resumeSimulator } from './simulator.js';
export type { SimulatedSession, Simulator, SimulatorOptions, SimulatorState } from './simulator.js';
export type { MacroRow } from './macro-walk.js';
export { SIMULATED_MACRO } from './macro-walk.js';
export { DEMO_EDGE, EDGE_TEXT } from './edge.js';
export { barStatistics, type BarStatistics } from './bar-statistics.js';
export { createFakeClock, type FakeClock } from './clock.js';
export { fixtureWorld, othersOf, seriesOf, type World, type WorldOptions } from './world.js';
export type { ValidateSchema } from './schema.js';
export {
  runConformance,
  type CaseResult,
  type ConformanceOptions,
  type ConformanceReport,
} from './conformance/conformance.js';
export { formatReport, testStrategy } from './conformance/report.js';
export { dropBars, scrambleFuture } from './conformance/worlds.js';
