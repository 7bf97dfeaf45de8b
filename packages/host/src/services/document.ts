import { MODELS_ROUTES } from './models/index.js';
import { openApi } from './openapi.js';
import { TRADING_ROUTES } from './trading/index.js';
import type { Route } from './route.js';

/** What the dashboard's origin serves: every route once. Root and health are those of the Multi-Model API. */
export const PAGE_ROUTES: readonly Route[] = Object.freeze([
  ...MODELS_ROUTES,
  ...TRADING_ROUTES.filter((route) => !MODELS_ROUTES.some((each) => each.path === route.path)),
]);

/** One document of all routes: the client's types are made from it. */
export const wholeApi = (version: string) => openApi('Signalbox', version, PAGE_ROUTES);
