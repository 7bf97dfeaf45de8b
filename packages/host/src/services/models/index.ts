import { health } from '../health.js';
import { root } from '../root.js';
import type { Route } from '../route.js';
import { commandClock, readClock } from './clock.js';
import { performanceComparison } from './comparison.js';
import { equityCurves } from './equity-curves.js';
import { events } from './events.js';
import { models, strategySignals, strategyTrades } from './list.js';
import { pnlSummary } from './pnl.js';
import { currentPositions } from './positions.js';
import { latestSignals } from './signals-latest.js';

/** The Multi-Model API, port 8006. */
export const MODELS_ROUTES: readonly Route[] = Object.freeze([
  root('Signalbox Multi-Model API', () => MODELS_ROUTES, {
    '/ws/trading-signals': 'WebSocket: signals and position changes as they happen',
    '/openapi.json': 'This API as an OpenAPI 3.1 document',
  }),
  health,
  latestSignals,
  performanceComparison,
  equityCurves,
  currentPositions,
  pnlSummary,
  models,
  strategySignals,
  strategyTrades,
  events,
  readClock,
  commandClock,
]);
