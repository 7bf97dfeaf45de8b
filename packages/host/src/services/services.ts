import type Koa from 'koa';
import { PRICES, SIGNALS, type Channel } from '../live/channel.js';
import { createLive, type Live, type LiveOptions } from '../live/live.js';
import { createApplication, type ApplicationOptions } from './application.js';
import { ANALYTICS_ROUTES } from './analytics/index.js';
import { createGate, type GateOptions } from './gate.js';
import { createKeep, type KeepOptions } from './keep.js';
import { createShortcut } from './wire.js';
import { createPage } from './dashboard/page.js';
import type { ServiceDependencies } from './dependencies.js';
import type { Service } from './listen.js';
import { MODELS_ROUTES } from './models/index.js';
import type { Route } from './route.js';
import { TRADING_ROUTES } from './trading/index.js';

export interface ServicesOptions extends Omit<ApplicationOptions, 'title' | 'keep' | 'gate'> {
  readonly keep?: KeepOptions;
  readonly gate?: GateOptions;
  /**
   * Nobody has to say who he is: what is kept may be sent before anything else is looked at. False by default; with keys or
   * roles it must stay so.
   */
  readonly open?: boolean;
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
  /** After the world was changed for a new one: nothing of the old one is kept, WebSockets get `gap`. */
  reset(): Promise<void>;
  close(): void;
}

/**
 * The services of one host. Nothing listens yet: see `listen`. Handlers read `dependencies` at each request, so that a
 * getter may answer differently when the demo begins anew; then call `live.reset()`.
 */
export function createServices(dependencies: ServiceDependencies, options: ServicesOptions = {}): Services {
  const { live: limits, pageFolder, keep: kept, gate: width, open = false, ...common } = options;
  const keep = createKeep(dependencies.events, kept);
  const rest = { ...common, keep, gate: createGate(width) };
  const live = createLive(dependencies, {
    ...limits,
    ...(rest.allowedHosts ? { allowedHosts: rest.allowedHosts } : {}),
    onError: (error) => rest.onError?.(error, { method: 'GET', path: '/ws/trading-signals' }),
  });
  const service = (name: string, defaultPort: number, application: Koa, ...channels: Channel[]): Service => ({
    name,
    defaultPort,
    application,
    ...(open ? { shortcut: createShortcut(keep, rest, () => {}) } : {}),
    ...(channels.length > 0 ? { live, channels } : {}),
  });
  const api = (routes: readonly Route[], title: string): Koa =>
    createApplication(routes, dependencies, { ...rest, title: `Signalbox ${title}` });
  const models = service('models', 8006, api(MODELS_ROUTES, 'Multi-Model API'), SIGNALS);
  const trading = service('trading', 8000, api(TRADING_ROUTES, 'Trading API'), PRICES);
  const analytics = service('analytics', 8001, api(ANALYTICS_ROUTES, 'Analytics API'));
  const page = createPage(dependencies, { ...rest, title: 'Signalbox' }, pageFolder);
  const dashboard = service('dashboard', 5000, page, SIGNALS, PRICES);
  return {
    models,
    trading,
    analytics,
    dashboard,
    all: [models, trading, analytics, dashboard],
    live,
    async reset() {
      keep.clear();
      await live.reset();
    },
    close() {
      keep.close();
      live.close();
    },
  };
}
