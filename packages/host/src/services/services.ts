import type Koa from 'koa';
import type { Answered } from '../observe/access-log.js';
import { Access } from '../security/access.js';
import { createMetrics, type Metrics } from '../observe/metrics.js';
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

export interface ServicesOptions extends Omit<
  ApplicationOptions,
  'title' | 'keep' | 'gate' | 'admittance' | 'onAnswer' | 'onError'
> {
  /** Told of what went wrong inside, and in which service: the caller sees a code only. */
  readonly onError?: (
    error: unknown,
    request: { readonly service: string; readonly method: string; readonly path: string },
  ) => void;
  readonly keep?: KeepOptions;
  readonly gate?: GateOptions;
  /** Who is let in; without it everybody may do everything, and nothing is audited. */
  readonly access?: Access;
  /**
   * Nobody has to say who he is: what is kept may be sent before anything else is looked at. False by default; with keys or
   * roles it must stay so.
   */
  readonly open?: boolean;
  /** Told of each answer that was made for it alone: one that is kept costs no line. */
  readonly onAnswered?: (answered: Answered) => void;
  readonly live?: Omit<LiveOptions, 'allowedHosts' | 'onError' | 'admittance'>;
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
  readonly metrics: Metrics;
  /** After the world was changed for a new one: nothing of the old one is kept, WebSockets get `gap`. */
  reset(): Promise<void>;
  close(): void;
}

/**
 * The services of one host. Nothing listens yet: see `listen`. Handlers read `dependencies` at each request, so that a
 * getter may answer differently when the demo begins anew; then call `live.reset()`.
 */
export function createServices(given: ServiceDependencies, options: ServicesOptions = {}): Services {
  const {
    live: limits,
    pageFolder,
    keep: kept,
    gate: width,
    open = false,
    access,
    onAnswered,
    onError,
    ...common
  } = options;
  const admittance = access ?? new Access({ required: false });
  const metrics = createMetrics({
    clients: () => live.clientsOf,
    bars: async () => dependencies.reads.barCounts(),
  });
  // what `given` answers may change: it stays the prototype
  const dependencies = Object.create(given, {
    metrics: { value: metrics, enumerable: true },
    access: { value: admittance, enumerable: true },
  }) as ServiceDependencies;
  const uncount = dependencies.events.subscribe(({ type, seq, recordedAt }) =>
    metrics.event(type, seq, (Date.now() - recordedAt) / 1000),
  );
  const keep = createKeep(dependencies.events, kept);
  const rest = { ...common, admittance, keep, gate: createGate(width) };
  const live = createLive(dependencies, {
    ...limits,
    admittance,
    ...(rest.allowedHosts ? { allowedHosts: rest.allowedHosts } : {}),
    onError: (error) => onError?.(error, { service: 'models', method: 'GET', path: SIGNALS.path }),
  });
  const service = (name: string, defaultPort: number, application: Koa, ...channels: Channel[]): Service => ({
    name,
    defaultPort,
    application,
    ...(open && admittance.open
      ? {
          shortcut: createShortcut(keep, rest, (answer, status, seconds) =>
            metrics.request(name, answer.route, 'GET', status, seconds),
          ),
        }
      : {}),
    ...(channels.length > 0 ? { live, channels } : {}),
  });
  const observed = (service: string) => ({
    ...rest,
    onError: (error: unknown, request: { readonly method: string; readonly path: string }) =>
      onError?.(error, { service, ...request }),
    onAnswer: (...[route, method, status, seconds]: Parameters<NonNullable<ApplicationOptions['onAnswer']>>) => {
      metrics.request(service, route, method, status, seconds);
      onAnswered?.({ service, route, method, status, seconds });
    },
  });
  const api = (name: string, routes: readonly Route[], title: string): Koa =>
    createApplication(routes, dependencies, { ...observed(name), title: `Signalbox ${title}` });
  const models = service('models', 8006, api('models', MODELS_ROUTES, 'Multi-Model API'), SIGNALS);
  const trading = service('trading', 8000, api('trading', TRADING_ROUTES, 'Trading API'), PRICES);
  const analytics = service('analytics', 8001, api('analytics', ANALYTICS_ROUTES, 'Analytics API'));
  const page = createPage(dependencies, { ...observed('dashboard'), title: 'Signalbox' }, pageFolder);
  const dashboard = service('dashboard', 5000, page, SIGNALS, PRICES);
  return {
    models,
    trading,
    analytics,
    dashboard,
    all: [models, trading, analytics, dashboard],
    live,
    metrics,
    async reset() {
      keep.clear();
      await live.reset();
    },
    close() {
      uncount();
      keep.close();
      live.close();
    },
  };
}
