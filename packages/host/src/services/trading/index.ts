import { ACCESS_ROUTES } from '../access/index.js';
import { health } from '../health.js';
import { operations } from '../operations.js';
import { root } from '../root.js';
import type { Route } from '../route.js';
import { candlesticks } from './candlesticks.js';
import { isTradingDay, marketStatus } from './market.js';
import { latestPrice, stats } from './price.js';

/** The Trading API, port 8000. */
export const TRADING_ROUTES: readonly Route[] = Object.freeze([
  root('Signalbox Trading API', () => TRADING_ROUTES, {
    '/ws': 'WebSocket: prices as they come',
    '/openapi.json': 'This API as an OpenAPI 3.1 document',
  }),
  health,
  ...ACCESS_ROUTES,
  ...operations('Signalbox Trading API', () => TRADING_ROUTES),
  latestPrice,
  candlesticks,
  stats,
  marketStatus,
  isTradingDay,
]);
