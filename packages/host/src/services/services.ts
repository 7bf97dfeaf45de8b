import type Koa from 'koa';
import { createLive, type Live, type LiveOptions } from '../live/live.js';
import { createApplication, type ApplicationOptions } from './application.js';
import { ANALYTICS_ROUTES } from './analytics/index.js';
import { createPage } from './dashboard/page.js';
import type { ServiceDependencies } from './dependencies.js';
import type { Service } from './listen.js';
import { MODELS_ROUTES } from './models/index.js';
import { TRADING_ROUTES } from './trading/index.js';

export interface ServicesOptions extends Omit<ApplicationOptions, 'title'> {
  readonly live?: Omit<LiveOptions, 'allowedHosts' | 'onError'>;
  /** Folder of the built page; that of @signalbox/dashboard by default. */
  readonly pageFolder?: string;
}

export interface Services {
  readonly models: Service;
  readonly trading: Service;
  readonly analytics: Service;
  readonly dashboard: Service;
  /** All of them, in the order in which they are shown. */
  readonly all: readonly Service[];
  readonly live: Live;
}

/**
 * The services of one host. Nothing listens yet: see `listen`. Handlers read `dependencies` at each request, so that a
 * getter may answer differently when the demo begins anew; then call `live.reset()`.
 */
export function createServices(dependencies: ServiceDependencies, options: ServicesOptions = {}): Services {
  const { live: limits, pageFolder, ...rest } = options;
  const live = createLive(dependencies, {
    ...limits,
    ...(rest.allowedHosts ? { allowedHosts: rest.allowedHosts } : {}),
    onError: (error) => rest.onError?.(error, { method: 'GET', path: '/ws/trading-signals' }),
  });
  const service = (name: string, defaultPort: number, application: Koa, withLive: boolean): Service => ({
    name,
    defaultPort,
    application,
    ...(withLive ? { live } : {}),
  });
  const models = service(
    'models',
    8006,
    createApplication(MODELS_ROUTES, dependencies, { ...rest, title: 'Signalbox Multi-Model API' }),
    true,
  );
  const trading = service(
    'trading',
    8000,
    createApplication(TRADING_ROUTES, dependencies, { ...rest, title: 'Signalbox Trading API' }),
    false,
  );
  const analytics = service(
    'analytics',
    8001,
    createApplication(ANALYTICS_ROUTES, dependencies, { ...rest, title: 'Signalbox Analytics API' }),
    false,
  );
  const dashboard = service(
    'dashboard',
    5000,
    createPage(dependencies, { ...rest, title: 'Signalbox' }, pageFolder),
    true,
  );
  return { models, trading, analytics, dashboard, all: [models, trading, analytics, dashboard], live };
}
