import type { SignalboxError } from '@signalbox/core';
import type { Config } from './config/config.js';
import { version } from './config/version.js';
import { startDropFolder, type DropFolder } from './ingest/drop-folder.js';
import { checkFeeds, feedWarnings, needsOf, type FeedFinding } from './ingest/feeds/check.js';
import { createTake } from './ingest/take.js';
import { listStrategies } from './stores/postgres/strategies.js';
import { openQueue } from './jobs/queue.js';
import { defaultConcurrency, startWorkers, type Workers } from './jobs/workers.js';
import { createCycleTrigger } from './inference/cycles.js';
import { asKnownApart } from './inference/as-known.js';
import { createExplainer } from './inference/explain.js';
import { planOf } from './inference/configured-plan.js';
import type { Plan } from './inference/plan.js';
import { logAnswer, logSocket } from './observe/access-log.js';
import { openLogs, type Log, type Logs } from './observe/log.js';
import { createDeskRequests } from './inference/requests.js';
import { Access } from './security/access.js';
import { hostsOf } from './security/hosts.js';
import { announce } from './observe/running.js';
import { discover, type Discovery } from './plugins/discover.js';
import { SIGNALS } from './live/channel.js';
import { endOrphans } from './plugins/isolation/orphans.js';
import { childEntry } from './plugins/isolation/process.js';
import { createServices, listen, type Listening, type ServiceDependencies, type Services } from './services/index.js';
import { createEventSwitch } from './stores/events/switch.js';
import { openArtifacts, type Artifacts } from './stores/artifacts/open.js';
import { startPostgres, type PostgresServer } from './stores/postgres/embedded.js';
import { createRevival, type Revival } from './stores/postgres/revival.js';
import { openWorld, WORLD_DATABASES } from './stores/postgres/world.js';
import { openStore, type Store } from './stores/store.js';
import type { HostWorld, StartOptions, WorldContext } from './worlds/context.js';
import { Crew } from './worlds/crew.js';
import { DemoWorld } from './worlds/demo-world.js';
import { MarketWorld } from './worlds/market-world.js';
import { crashPoint } from './observe/crash-points.js';

export type { StartObserver, StartOptions } from './worlds/context.js';

/** Starts the host and resolves when `signal` has ended it: the only place where its parts are put together. */
export async function startHost(config: Config, options: StartOptions): Promise<void> {
  crashPoint('start.configured');
  const logs = openLogs(config.projectDir, process.env['SIGNALBOX_LOG_STDERR'] ? { also: process.stderr } : {});
  const plan = await planOf(config);
  endOrphans(childEntry());
  // plugins load in processes of their own while the database starts
  const discovering = discover(config.projectDir, config.plugins, config.isolation);
  const server = await startPostgres({ projectDir: config.projectDir }).catch(async (error: unknown) => {
    for (const found of await discovering) if ('strategy' in found) await found.strategy.apart?.release();
    throw error;
  });
  const discovered = await discovering;
  crashPoint('start.database');
  const artifacts = await openArtifacts(config.projectDir, config.artifacts);
  const host = new Host(config, options, plan, discovered, artifacts, server, logs);
  logs.host.info({ version: version(), pid: process.pid, world: config.world }, 'the host starts');
  try {
    await host.run();
  } catch (error) {
    logs.host.fatal(error, 'the host ends');
    throw error;
  } finally {
    await host.close();
    await server.stop();
    logs.host.info('the host has ended');
    logs.close();
  }
}

class Host {
  private readonly database: string;
  private readonly events = createEventSwitch();
  private readonly listening: Listening[] = [];
  private readonly revival: Revival;
  private readonly access: Access;
  private readonly crew: Crew;
  private readonly world: HostWorld;
  private services: Services | undefined;
  private store: Store | undefined;
  private readonly log: Log;
  private workers: Workers | undefined;
  private withdraw = (): void => {};

  constructor(
    private readonly config: Config,
    private readonly options: StartOptions,
    private readonly plan: Plan,
    private readonly discovered: readonly Discovery[],
    artifacts: Artifacts,
    private readonly server: PostgresServer,
    private readonly logs: Logs,
  ) {
    const log = (this.log = logs.host);
    const kind = config.world === 'demo' ? 'simulated' : 'market';
    this.database = server.database ?? WORLD_DATABASES[kind];
    this.revival = createRevival({
      server,
      onDown: (error) => log.warn({ err: error }, 'the database does not answer'),
      onRestarted: () => options.observer.say('The database was gone; it was started again.'),
      onError: (error) => log.error(error),
    });
    this.access = new Access({
      required: config.access.required,
      https: config.access.https,
      database: () => this.store!.pool,
    });
    this.crew = new Crew({ config, plan, discovered, artifacts, kind, log, marketTime: () => this.world.clock.now() });
    this.world = kind === 'simulated' ? new DemoWorld(this.context()) : new MarketWorld(this.context());
  }

  async run(): Promise<void> {
    const { observer } = this.options;
    const opened = await openWorld(this.server, this.database, this.world.spec());
    crashPoint('start.world');
    await this.world.take(opened.connection);
    await this.use(await openStore(opened, this.revival.hear, this.config.redis));
    crashPoint('start.store');
    observer.listening(await this.listen());
    crashPoint('start.listening');
    const services = Object.fromEntries(this.listening.map(({ name, url }) => [name, url]));
    this.withdraw = announce(this.config.projectDir, this.database, { pid: process.pid, services });
    for (const found of this.discovered) if ('problem' in found) observer.say(lineOf(found.problem));
    if (this.world.kind === 'market') {
      const findings = await this.checkFeeds();
      for (const line of feedWarnings(findings)) observer.say(line);
    }
    const drop = this.startDrop();
    try {
      await this.world.run();
    } finally {
      await drop?.stop();
    }
  }

  private async checkFeeds(): Promise<readonly FeedFinding[]> {
    const { config, plan, world } = this;
    const db = this.store!.pool;
    return checkFeeds({
      db,
      plan,
      feeds: config.feeds,
      now: world.clock.now(),
      simulated: world.kind === 'simulated',
      needs: needsOf(await listStrategies(db), this.discovered),
    });
  }

  /** Files of a drop folder are taken by every host of a market world that has one configured. */
  private startDrop(): DropFolder | undefined {
    const { config, plan, log, options } = this;
    const { dropFolder } = config.feeds;
    if (dropFolder === null || this.world.kind !== 'market') return undefined;
    return startDropFolder({
      folder: dropFolder,
      calendars: new Map([[plan.instrument.symbol, plan.calendar]]),
      take: createTake(
        () => this.store!.pool,
        plan.calendar,
        () => this.world.clock.now(),
      ),
      say: options.observer.say,
      onError: (error) => log.error({ err: error }, 'drop folder'),
    });
  }

  async close(): Promise<void> {
    this.revival.stop();
    this.withdraw();
    await this.world.stop();
    // the clients of WebSockets are told first: a server waits for them
    this.services?.close();
    await Promise.all(this.listening.map((one) => one.close()));
    await this.crew.close();
    await this.store?.close();
    await this.world.release();
  }

  private async use(opened: Store): Promise<void> {
    // jobs work on one database: they end before it is closed, which happens too when the demo begins again
    const store: Store = {
      ...opened,
      close: async () => {
        await this.workers?.stop();
        this.workers = undefined;
        await opened.close();
      },
    };
    this.store = store;
    this.events.use(store.events);
    await this.crew.register(store);
    this.openWorkers(store);
  }

  private openWorkers({ pool }: Store): void {
    const { projectDir, jobWorkers } = this.config;
    const concurrency = jobWorkers ?? defaultConcurrency();
    if (concurrency === 0) return;
    this.workers = startWorkers({
      pool,
      projectDir,
      world: this.world.kind,
      concurrency,
      onError: this.revival.hear,
      onWords: (job, words) => this.logs.host.warn({ job, words }, 'a job’s process said'),
    });
  }

  /** Getters: the store changes when the demo begins again. */
  private context(): WorldContext {
    const host = this; // eslint-disable-line @typescript-eslint/no-this-alias -- getters have a `this` of their own
    const { config, plan, server, database, crew, options, revival } = this;
    return {
      ...options,
      config,
      plan,
      server,
      database,
      crew,
      get store() {
        return host.store!;
      },
      replaceStore: (store) => this.use(store),
      resetLive: async () => this.services!.reset(),
      onError: revival.hear,
      events: this.events.source,
    };
  }

  private async listen(): Promise<readonly Listening[]> {
    this.services = createServices(this.dependencies(), {
      access: this.access,
      // on loopback, without authentication
      open: this.access.open,
      allowedHosts: hostsOf(this.config),
      onError: (error, { service, ...request }) => this.logs.service(service).error({ err: error, ...request }),
      onAnswered: (answered) => logAnswer(this.logs.service(answered.service), answered),
      live: {
        onClosed: (closed) => logSocket(this.logs.service(closed.path === SIGNALS.path ? 'models' : 'trading'), closed),
      },
    });
    for (const service of this.services.all) {
      const { port, configured, enabled } = this.config.services[service.name as keyof Config['services']];
      if (!enabled) continue;
      const listening = await listen(service, { bind: this.config.bind, port, nextFree: !configured });
      this.listening.push(listening);
      this.logs.service(service.name).info({ url: listening.url }, 'listening');
    }
    return this.listening;
  }

  /** Getters: the store, the clock and the strategies change when the demo begins again. */
  private dependencies(): ServiceDependencies {
    const host = this; // eslint-disable-line @typescript-eslint/no-this-alias -- getters have a `this` of their own
    const { world, crew, plan, config, events } = this;
    return {
      get reads() {
        return host.store!.reads;
      },
      get clock() {
        return world.clock;
      },
      world: world.kind,
      calendar: plan.calendar,
      instruments: config.instruments,
      strategies: () => crew.status(),
      events: events.source,
      cycles: createCycleTrigger({
        pool: () => host.store!.pool,
        calendar: plan.calendar,
        clock: { mode: 'wall', speed: 1, now: () => world.clock.now() },
      }),
      explainer: createExplainer({
        pool: () => host.store!.pool,
        plan,
        clock: { now: () => world.clock.now() },
        asKnown: asKnownApart({
          pool: () => host.store!.pool,
          plan,
          projectDir: config.projectDir,
          plugins: config.plugins,
          features: config.features,
        }),
        openAside: (code) => crew.openAside(code),
      }),
      desk: createDeskRequests(() => host.store!.pool),
      ingest: createTake(
        () => host.store!.pool,
        plan.calendar,
        () => world.clock.now(),
      ),
      feeds: () => this.checkFeeds(),
      jobs: openQueue(() => host.store!.pool),
      version: version(),
      ...(world.control ? { control: world.control } : {}),
    };
  }
}

/** A problem that stops nothing, in one line for the terminal. */
function lineOf({ code, message, remedy }: SignalboxError): string {
  return `${code} ${message} ${remedy}`;
}
