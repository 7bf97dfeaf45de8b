import { DEFAULT_RULES, SignalboxError, type Clock } from '@signalbox/core';
import { DEMO_EDGE } from '@signalbox/core/testing';
import { openCycleRecorder, type CycleRecorder } from '../inference/cycle-recorder.js';
import { loadHistory, openDemoFeed, runDemo, runUnwatched, type DemoRun } from '../inference/demo.js';
import { openDesk, type Desk } from '../inference/desk.js';
import { createReplayClock, type ReplayClock } from '../inference/replay-clock.js';
import { demoSessions } from '../ingest/simulator.js';
import { findRunning } from '../observe/running.js';
import type { ClockControl } from '../services/dependencies.js';
import type { ConnectionOptions } from '../stores/postgres/connection.js';
import { storeAlert } from '../stores/postgres/decisions.js';
import { championHistory, listModelVersions, takeOverModels } from '../stores/postgres/models.js';
import { listenAlways, type Listener } from '../stores/postgres/listen.js';
import { connectionOf } from '../stores/postgres/pool.js';
import { lockWorld, type WorldLock } from '../stores/postgres/world-lock.js';
import { renewWorld } from '../stores/postgres/world.js';
import { openStore } from '../stores/store.js';
import { ended, type HostWorld, type WorldContext } from './context.js';

/** An ordinary world: five-minute moves of 9.4 bp, no bar above 1 % in the sessions that are watched. The next one takes the next seed. */
const DEMO_SEED = 16;

const METERED_SILENCE =
  'not asked in the demo world: its sessions pass in minutes and each answer costs; "meteredInDemo" in signalbox.config.json changes it';

/** Simulated bars, a replay clock; it begins again when it has caught up with a closed market. */
export class DemoWorld implements HostWorld {
  readonly kind = 'simulated';
  clock: Clock = standing(0);
  private demo: DemoRun | undefined;
  private lock: WorldLock | undefined;
  private recorder: CycleRecorder | undefined;
  private listener: Listener | undefined;
  private noticed = 0;
  /** Resolved by the command to begin the demo again. */
  private restart = deferred();

  constructor(private readonly context: WorldContext) {}

  spec() {
    const { calendar } = this.context.plan;
    const [firstSession] = demoSessions(calendar, calendar.sessionDate(Date.now()));
    return { kind: this.kind, seed: DEMO_SEED, edge: DEMO_EDGE, firstSession: firstSession! } as const;
  }

  /** One host moves a demo world's clock. */
  async take(connection: ConnectionOptions): Promise<void> {
    const { config, database } = this.context;
    this.lock = await lockWorld(connection);
    if (this.lock) return;
    const running = findRunning(config.projectDir, database);
    throw new SignalboxError(
      'HOST_RUNNING',
      `the demo world ${database} is run by ${running ? `process ${running.pid}` : 'another host'} already`,
      running ? `Open ${running.services['dashboard']}, or end that process first.` : 'End that host first.',
    );
  }

  async run(): Promise<void> {
    const { crew, observer, signal } = this.context;
    for (;;) {
      const clock = await this.begin();
      for (const line of crew.silent()) observer.say(line);
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

  async stop(): Promise<void> {
    await this.listener?.stop();
    await this.demo?.stop();
    await this.recorder?.stop();
  }

  async release(): Promise<void> {
    await this.lock?.release();
  }

  readonly control: ClockControl = {
    pause: () => this.command((clock) => clock.pause()),
    resume: () => this.command((clock) => clock.resume()),
    step: () => this.command((clock) => clock.step()),
    setSpeed: (speed) => this.command((clock) => clock.setSpeed(speed)),
    restart: () => this.restart.resolve(),
  };

  private command(give: (clock: ReplayClock) => void): void {
    if ('setSpeed' in this.clock) give(this.clock as ReplayClock);
    this.demo?.wake();
  }

  private async openDesk(): Promise<Desk> {
    const { config, crew, plan, store } = this.context;
    return openDesk({
      pool: store.pool,
      plan,
      rules: DEFAULT_RULES,
      ...(await crew.open(store)),
      ...(config.meteredInDemo ? {} : { meteredSilence: METERED_SILENCE }),
      onDecided: (barTime, mode, decided) => {
        if (mode === 'live') this.recorder?.record({ barTime, noticed: this.noticed, decided });
      },
    });
  }

  /** Loads what the world lacks, then lets market time run. */
  private async begin(): Promise<ReplayClock> {
    const { crew, plan, store, observer, signal, speed, onError } = this.context;
    const { pool, world } = store;
    const { symbol } = plan.instrument;
    this.recorder = openCycleRecorder({ pool, symbol, events: this.context.events, fence: null, onError });
    const demo = openDemoFeed(pool, plan, world);
    this.clock = standing(plan.calendar.sessionOpen(world.firstSession!)!);
    await loadHistory(pool, demo, symbol, (done, total) => observer.progress('history', done, total));
    const desk = await this.openDesk();
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
    let first: Desk | undefined = desk;
    let opened = await crew.rows(store);
    this.demo = runDemo({
      pool,
      plan,
      demo,
      clock,
      changed: async () => (await crew.rows(store)) !== opened,
      openDesk: async () => {
        opened = await crew.rows(store);
        const ready = first ?? (await this.openDesk());
        first = undefined;
        return ready;
      },
      onStored: () => (this.noticed = performance.now()),
      onError,
    });
    this.listener = listenAlways({
      connection: connectionOf(pool),
      channel: 'signalbox_desk',
      hear: () => this.demo?.wake(),
      onError,
    });
    return clock;
  }

  /** The same name, a new database: events are numbered above the old ones, clients get `gap`. */
  private async renew(old: ReplayClock): Promise<void> {
    const { server, database, store, plan, onError } = this.context;
    await this.listener!.stop();
    await this.demo!.stop();
    await this.recorder!.stop();
    this.demo = undefined;
    this.restart = deferred();
    this.clock = standing(old.now());
    const seed = store.world.seed! + 1;
    const [versions, history] = await Promise.all([listModelVersions(store.pool), championHistory(store.pool)]);
    await store.close();
    await this.lock?.release();
    const renewed = await renewWorld(server, database, { ...this.spec(), seed });
    await this.context.replaceStore(await openStore(renewed, onError, this.context.config.redis));
    await takeOverModels(this.context.store.pool, versions, history);
    await this.take(renewed.connection);
    await storeAlert(this.context.store.pool, {
      code: 'DEMO_RESTARTED',
      severity: 'info',
      message: 'The demo began again as a new world.',
      time: plan.calendar.sessionOpen(renewed.world.firstSession!)!,
    });
    await this.context.resetLive();
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Market time that does not pass: while a world is loaded. */
function standing(time: number): Clock {
  return { mode: 'replay', speed: 0, now: () => time };
}
