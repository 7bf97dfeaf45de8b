import { DEFAULT_RULES, SignalboxError, type Clock } from '@signalbox/core';
import { DEMO_EDGE } from '@signalbox/core/testing';
import type { Config } from './config/config.js';
import { version } from './config/version.js';
import { demoSessions } from './ingest/simulator.js';
import { loadHistory, openDemoFeed, runDemo, runUnwatched, type DemoRun } from './inference/demo.js';
import { openDesk } from './inference/desk.js';
import { openPlan, type Plan } from './inference/plan.js';
import { createReplayClock, type ReplayClock } from './inference/replay-clock.js';
import { openLog, type Log } from './observe/log.js';
import { announce, findRunning } from './observe/running.js';
import { discover, type Discovery } from './plugins/discover.js';
import { openStrategies, type OpenStrategies } from './plugins/open.js';
import { registerDiscovered } from './plugins/register.js';
import {
  createServices,
  listen,
  type ClockControl,
  type Listening,
  type ServiceDependencies,
  type Services,
} from './services/index.js';
import { createEventSwitch } from './stores/events/switch.js';
import { startPostgres, type PostgresServer } from './stores/postgres/embedded.js';
import { storeAlert } from './stores/postgres/decisions.js';
import { loadStates } from './stores/postgres/state.js';
import { listStrategies } from './stores/postgres/strategies.js';
import { createRevival, type Revival } from './stores/postgres/revival.js';
import type { ConnectionOptions } from './stores/postgres/connection.js';
import { lockWorld, type WorldLock } from './stores/postgres/world-lock.js';
import { openWorld, renewWorld, WORLD_DATABASES, type WorldSpec } from './stores/postgres/world.js';
import { openStore, type Store } from './stores/store.js';

export interface StartOptions {
  /** Market seconds per wall second of the demo clock; 60 by default. */
  readonly speed?: number;
  /** Ends the host in order. */
  readonly signal: AbortSignal;
  readonly observer: StartObserver;
}

/** What a person at the terminal, or a test, hears of the start. */
export interface StartObserver {
  listening(services: readonly Listening[]): void;
  progress(stage: 'history' | 'unwatched', done: number, total: number): void;
  /** Signals arrive from now on. */
  ready(): void;
  say(text: string): void;
}

/** Wall milliseconds that a strategy has to answer a live bar. */
const ASK_DEADLINE_MS = 10_000;
/** An ordinary world: five-minute moves of 9.4 bp, no bar above 1 % in the sessions that are watched. The next one takes the next seed. */
const DEMO_SEED = 16;

/** Starts the host and resolves when `signal` has ended it: the only place where its parts are put together. */
export async function startHost(config: Config, options: StartOptions): Promise<void> {
  const log = openLog(config.projectDir);
  const plan = openPlan(config.instruments[0], config.features);
  const discovered = await discover(config.projectDir, config.plugins);
  const server = await startPostgres({ projectDir: config.projectDir });
  const host = new Host(config, options, plan, discovered, server, log);
  try {
    await host.run();
  } finally {
    await host.close();
    await server.stop();
  }
}

class Host {
  private readonly kind: 'market' | 'simulated';
  private readonly database: string;
  private readonly events = createEventSwitch();
  private readonly listening: Listening[] = [];
  private services: Services | undefined;
  private store: Store | undefined;
  private strategies: OpenStrategies | undefined;
  private clock: Clock;
  private demo: DemoRun | undefined;
  private lock: WorldLock | undefined;
  private withdraw = (): void => {};
  private readonly revival: Revival;
  /** Resolved by the command to begin the demo again. */
  private restart = deferred();

  constructor(
    private readonly config: Config,
    private readonly options: StartOptions,
    private readonly plan: Plan,
    private readonly discovered: readonly Discovery[],
    private readonly server: PostgresServer,
    private readonly log: Log,
  ) {
    this.kind = config.world === 'demo' ? 'simulated' : 'market';
    this.database = server.database ?? WORLD_DATABASES[this.kind];
    this.revival = createRevival({
      server,
      onDown: (error) => log.warn({ err: error }, 'the database does not answer'),
      onRestarted: () => options.observer.say('The database was gone; it was started again.'),
      onError: (error) => log.error(error),
    });
    this.clock = this.kind === 'market' ? { mode: 'wall', speed: 1, now: Date.now } : standing(0);
  }

  async run(): Promise<void> {
    const { observer, signal } = this.options;
    const opened = await openWorld(this.server, this.database, this.spec());
    await this.takeWorld(opened.connection);
    await this.use(await openStore(opened, this.revival.hear));
    observer.listening(await this.listen());
    const services = Object.fromEntries(this.listening.map(({ name, url }) => [name, url]));
    this.withdraw = announce(this.config.projectDir, this.database, { pid: process.pid, services });
    for (const found of this.discovered) if ('problem' in found) observer.say(lineOf(found.problem));
    if (this.kind === 'market') {
      await this.openStrategies();
      this.sayWhoIsSilent();
      observer.ready();
      return ended(signal);
    }
    for (;;) {
      const clock = await this.beginDemo();
      this.sayWhoIsSilent();
      observer.ready();
      const why = await Promise.race([
        this.demo!.caughtUp.then(() => 'caught up' as const),
        this.restart.promise.then(() => 'restart' as const),
        ended(signal).then(() => 'ended' as const),
      ]);
      if (why === 'ended') return;
      observer.say(
        why === 'restart'
          ? 'The demo begins again, as asked.'
          : 'The demo has caught up with a closed market and begins again as a new world.',
      );
      await this.renew(clock);
    }
  }

  async close(): Promise<void> {
    this.revival.stop();
    this.withdraw();
    await this.demo?.stop();
    await Promise.all(this.listening.map((one) => one.close()));
    this.services?.live.close();
    await this.strategies?.close();
    await this.store?.close();
    await this.lock?.release();
  }

  /** One host moves a demo world's clock. */
  private async takeWorld(connection: ConnectionOptions): Promise<void> {
    if (this.kind === 'market') return;
    this.lock = await lockWorld(connection);
    if (this.lock) return;
    const running = findRunning(this.config.projectDir, this.database);
    throw new SignalboxError(
      'HOST_RUNNING',
      `the demo world ${this.database} is run by ${running ? `process ${running.pid}` : 'another host'} already`,
      running ? `Open ${running.services['dashboard']}, or end that process first.` : 'End that host first.',
    );
  }

  private sayWhoIsSilent(): void {
    for (const { code, state, reason } of this.strategies?.status() ?? []) {
      if (state === 'DEGRADED' || state === 'FAULTED') this.options.observer.say(`${code} does not serve: ${reason}`);
    }
  }

  /** What of `dw.dim_strategy` decides who runs, as one text. */
  private async strategyRows(): Promise<string> {
    const records = await listStrategies(this.store!.pool);
    return JSON.stringify(
      records.map(({ code, package: name, active, parameters }) => [code, name, active, parameters]),
    );
  }

  private spec(): WorldSpec & { readonly kind: 'market' | 'simulated' } {
    if (this.kind === 'market') return { kind: 'market' };
    const { calendar } = this.plan;
    const [firstSession] = demoSessions(calendar, calendar.sessionDate(Date.now()));
    return { kind: 'simulated', seed: DEMO_SEED, edge: DEMO_EDGE, firstSession: firstSession! };
  }

  private async use(store: Store): Promise<void> {
    this.store = store;
    this.events.use(store.events);
    await registerDiscovered(store.pool, this.discovered, this.config.strategies);
  }

  private async openStrategies(saved?: (code: string) => unknown): Promise<OpenStrategies> {
    await this.strategies?.close();
    const records = await listStrategies(this.store!.pool);
    this.strategies = await openStrategies({
      rows: records.map(({ code, package: name, parameters, active }) => ({
        code,
        package: name,
        parameters,
        isActive: active,
      })),
      discovered: this.discovered,
      features: this.plan.features,
      instrument: this.plan.instrument,
      world: this.kind,
      allowSimulatedModels: this.config.allowSimulatedModels,
      askDeadlineMs: ASK_DEADLINE_MS,
      ...(saved ? { saved } : {}),
      log: (strategy, message, facts) => this.log.info({ strategy, ...facts }, message),
    });
    return this.strategies;
  }

  /** Loads what the world lacks, then lets market time run. */
  private async beginDemo(): Promise<ReplayClock> {
    const { plan, store } = this;
    const { pool, world } = store!;
    const { observer, signal, speed } = this.options;
    const demo = openDemoFeed(pool, plan, world);
    this.clock = standing(plan.calendar.sessionOpen(world.firstSession!)!);
    await loadHistory(pool, demo, plan.instrument.symbol, (done, total) => observer.progress('history', done, total));
    const open = async () => {
      const states = await loadPluginStates(store!, plan.instrument.symbol);
      const strategies = await this.openStrategies((code) => states.get(code));
      return openDesk({ pool, plan, rules: DEFAULT_RULES, strategies, records: await listStrategies(pool) });
    };
    const desk = await open();
    const start = await runUnwatched({ pool, plan, demo, desk, signal }, (done, total, time) => {
      this.clock = standing(time);
      observer.progress('unwatched', done, total);
    });
    const clock = createReplayClock({
      start,
      calendar: plan.calendar,
      wallNow: Date.now,
      ...(speed === undefined ? {} : { speed }),
    });
    this.clock = clock;
    let first: typeof desk | undefined = desk;
    let opened = await this.strategyRows();
    this.demo = runDemo({
      pool,
      plan,
      demo,
      clock,
      changed: async () => (await this.strategyRows()) !== opened,
      openDesk: async () => {
        opened = await this.strategyRows();
        const ready = first ?? (await open());
        first = undefined;
        return ready;
      },
      onError: this.revival.hear,
    });
    return clock;
  }

  /** The same name, a new database: events are numbered above the old ones, clients get `gap`. */
  private async renew(old: ReplayClock): Promise<void> {
    await this.demo!.stop();
    this.demo = undefined;
    this.restart = deferred();
    this.clock = standing(old.now());
    const seed = this.store!.world.seed! + 1;
    await this.store!.close();
    await this.lock?.release();
    const renewed = await renewWorld(this.server, this.database, { ...this.spec(), kind: 'simulated', seed });
    await this.use(await openStore(renewed, this.revival.hear));
    await this.takeWorld(renewed.connection);
    await storeAlert(this.store!.pool, {
      code: 'DEMO_RESTARTED',
      severity: 'info',
      message: 'The demo began again as a new world.',
      time: this.plan.calendar.sessionOpen(renewed.world.firstSession!)!,
    });
    await this.services!.live.reset();
  }

  private async listen(): Promise<readonly Listening[]> {
    this.services = createServices(this.dependencies(), {
      onError: (error, request) => this.log.error({ err: error, ...request }),
    });
    for (const service of this.services.all) {
      const { port, configured } = this.config.services[service.name as keyof Config['services']];
      this.listening.push(await listen(service, { bind: this.config.bind, port, nextFree: !configured }));
    }
    return this.listening;
  }

  /** Getters: the store, the clock and the strategies change when the demo begins again. */
  private dependencies(): ServiceDependencies {
    const host = this; // eslint-disable-line @typescript-eslint/no-this-alias -- getters have a `this` of their own
    const { calendar } = this.plan;
    return {
      get reads() {
        return host.store!.reads;
      },
      get clock() {
        return host.clock;
      },
      world: this.kind,
      calendar,
      instruments: this.config.instruments,
      strategies: () => this.strategies?.status() ?? [],
      events: this.events.source,
      version: version(),
      ...(this.kind === 'simulated' ? { control: this.control() } : {}),
    };
  }

  private control(): ClockControl {
    const replay = (command: (clock: ReplayClock) => void): void => {
      if ('setSpeed' in this.clock) command(this.clock as ReplayClock);
      this.demo?.wake();
    };
    return {
      pause: () => replay((clock) => clock.pause()),
      resume: () => replay((clock) => clock.resume()),
      step: () => replay((clock) => clock.step()),
      setSpeed: (speed) => replay((clock) => clock.setSpeed(speed)),
      restart: () => this.restart.resolve(),
    };
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** A problem that stops nothing, in one line for the terminal. */
function lineOf({ code, message, remedy }: SignalboxError): string {
  return `${code} ${message} ${remedy}`;
}

/** Market time that does not pass: while a world is loaded. */
function standing(time: number): Clock {
  return { mode: 'replay', speed: 0, now: () => time };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function loadPluginStates(store: Store, symbol: string): Promise<ReadonlyMap<string, unknown>> {
  const states = await loadStates(store.pool, 'live', symbol);
  return new Map([...states].map(([code, state]) => [code, state.plugin]));
}
