import { ACCESS_ROUTES } from '../access/index.js';
import { health } from '../health.js';
import { operations } from '../operations.js';
import { root } from '../root.js';
import type { Route } from '../route.js';
import { executionMetrics } from './execution-metrics.js';
import { marketConditions } from './market-conditions.js';
import { performanceKpis } from './performance-kpis.js';
import { productionGates } from './production-gates.js';
import { riskMetrics } from './risk-metrics.js';
import { rlMetrics } from './rl-metrics.js';
import { sessionPnl } from './session-pnl.js';
import { sessionProgress } from './session-progress.js';
import { spreadProxy } from './spread-proxy.js';

/** The Analytics API, port 8001. */
export const ANALYTICS_ROUTES: readonly Route[] = Object.freeze([
  root('Signalbox Analytics API', () => ANALYTICS_ROUTES, { '/openapi.json': 'This API as an OpenAPI 3.1 document' }),
  health,
  ...ACCESS_ROUTES,
  ...operations('Signalbox Analytics API', () => ANALYTICS_ROUTES),
  performanceKpis,
  riskMetrics,
  rlMetrics,
  sessionPnl,
  marketConditions,
  productionGates,
  spreadProxy,
  sessionProgress,
  executionMetrics,
]);
