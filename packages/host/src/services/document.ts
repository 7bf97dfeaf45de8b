import { ANALYTICS_ROUTES } from './analytics/index.js';
import { MODELS_ROUTES } from './models/index.js';
import { openApi } from './openapi.js';
import { operations } from './operations.js';
import { TRADING_ROUTES } from './trading/index.js';
import type { Route } from './route.js';

/** Every route once. Root and health are those of the Multi-Model API. */
export const ALL_ROUTES: readonly Route[] = Object.freeze(
  [...MODELS_ROUTES, ...TRADING_ROUTES, ...ANALYTICS_ROUTES].filter(
    ({ path, method }, i, all) => all.findIndex((each) => each.path === path && each.method === method) === i,
  ),
);

/** What the page's own origin serves: there `/` is the page. */
export const PAGE_ROUTES: readonly Route[] = Object.freeze([
  ...operations('Signalbox', () => ALL_ROUTES),
  ...ALL_ROUTES.filter((route) => !['/', '/ready', '/metrics', '/docs'].includes(route.path)),
]);

/** One document of all routes: the client's types are made from it. */
export const wholeApi = (version: string) => openApi('Signalbox', version, ALL_ROUTES);
