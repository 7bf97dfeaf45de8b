import { health } from '../health.js';
import { operations } from '../operations.js';
import { root } from '../root.js';
import type { Route } from '../route.js';

/** The Analytics API, port 8001. */
export const ANALYTICS_ROUTES: readonly Route[] = Object.freeze([
  root('Signalbox Analytics API', () => ANALYTICS_ROUTES, { '/openapi.json': 'This API as an OpenAPI 3.1 document' }),
  health,
  ...operations('Signalbox Analytics API', () => ANALYTICS_ROUTES),
]);
