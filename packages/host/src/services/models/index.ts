import { ACCESS_ROUTES } from '../access/index.js';
import { health } from '../health.js';
import { operations } from '../operations.js';
import { root } from '../root.js';
import type { Route } from '../route.js';
import { alerts } from './alerts.js';
import { commandClock, readClock } from './clock.js';
import { performanceComparison, strategyMetrics } from './comparison.js';
import { runCycle } from './cycles.js';
import { deliverSignal } from './deliver.js';
import { JOB_ROUTES } from './jobs.js';
import { equityCurves } from './equity-curves.js';
import { events } from './events.js';
import { explainSignal } from './explain.js';
import { model, models, strategySignals, strategyTrades } from './list.js';
import { pnlSummary } from './pnl.js';
import { feeds } from './feeds.js';
import { ingestBars, ingestMacro } from './ingest.js';
import { currentPositions } from './positions.js';
import { resetRisk, riskStatus } from './risk.js';
import { latestSignals } from './signals-latest.js';

/** The Multi-Model API, port 8006. */
export const MODELS_ROUTES: readonly Route[] = Object.freeze([
  root('Signalbox Multi-Model API', () => MODELS_ROUTES, {
    '/ws/trading-signals': 'WebSocket: signals and position changes as they happen',
    '/openapi.json': 'This API as an OpenAPI 3.1 document',
  }),
  health,
  ...ACCESS_ROUTES,
  ...operations('Signalbox Multi-Model API', () => MODELS_ROUTES),
  latestSignals,
  performanceComparison,
  equityCurves,
  currentPositions,
  pnlSummary,
  models,
  model,
  strategySignals,
  strategyTrades,
  strategyMetrics,
  explainSignal,
  events,
  readClock,
  commandClock,
  runCycle,
  deliverSignal,
  riskStatus,
  resetRisk,
  alerts,
  feeds,
  ingestBars,
  ingestMacro,
  ...JOB_ROUTES,
]);
