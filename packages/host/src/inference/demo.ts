import { type Bar, type Part } from '@signalbox/core';
import type { Pool } from 'pg';
import { MACRO_COLUMNS } from '../ingest/macro-columns.js';
import type { MacroRow } from '../ingest/macro.js';
import { createSimulatedFeed, DEMO_SESSIONS, SIMULATED, type SimulatedFeed } from '../ingest/simulator.js';
import { newestBar, storeBars } from '../stores/postgres/bars.js';
import { storeMacro, type MacroObservation } from '../stores/postgres/macro.js';
import type { TransactionOptions } from '../stores/postgres/pool.js';
import { markFirstCycle, type World } from '../stores/postgres/world.js';
import type { Desk } from './desk.js';
import type { Plan } from './plan.js';
import type { ReplayClock } from './replay-clock.js';

/** Where the loading of a demo world stands. */
export type LoadStage = 'history' | 'unwatched';

/** The feed of a simulated world, and where its rows go. */
export interface DemoFeed {
  readonly feed: SimulatedFeed;
  /** Stores macro rows and returns their values. */
  storeMacro(rows: readonly MacroRow[], options: TransactionOptions): Promise<MacroObservation[]>;
}

const MACRO_NAMES = MACRO_COLUMNS.map(({ name }) => name);

export function openDemoFeed(pool: Pool, plan: Plan, world: World): DemoFeed {
  const { instrument, calendar } = plan;
  const seeded = { seed: world.seed!, edge: world.edge!, firstSession: world.firstSession! };
  return {
    feed: createSimulatedFeed(seeded, { symbol: instrument.symbol, calendar, tick: instrument.tick }),
    async storeMacro(rows, options) {
      await storeMacro(pool, MACRO_NAMES, rows, SIMULATED, options);
      return rows.flatMap(({ date, values }) =>
        MACRO_NAMES.flatMap((series, i) => {
          const value = values[i];
          return value === null || value === undefined ? [] : [{ series, date, value, firstSeen: undefined }];
        }),
      );
    },
  };
}

/** Stores the sessions that are history, if they are not there yet: no strategy sees them as they happen. */
export async function loadHistory(
  pool: Pool,
  { feed, storeMacro }: DemoFeed,
  symbol: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const sessions = Array.from({ length: DEMO_SESSIONS.history }, (_, index) => feed.session(index));
  const last = sessions.at(-1)!.bars.at(-1)!;
  const newest = await newestBar(pool, symbol);
  if (newest && newest.time >= last.time) return;
  onProgress(0, sessions.length);
  await storeMacro(
    sessions.flatMap((session) => session.macro),
    { silent: true },
  );
  await storeBars(
    pool,
    sessions.flatMap((session) => session.bars),
    { silent: true },
  );
  onProgress(sessions.length, sessions.length);
}

/** Sessions of one commit. */
const TOGETHER = 10;

/**
 * Takes the sessions up to the hundredth through the pipeline, without events, ten in one commit. Goes on where it was
 * interrupted. Returns the market time at which the watched part begins or goes on.
 */
export async function runUnwatched(
  options: {
    readonly pool: Pool;
    readonly plan: Plan;
    readonly demo: DemoFeed;
    readonly desk: Desk;
    readonly signal: AbortSignal;
  },
  /** `time` is the market time that has been reached. */
  onProgress: (done: number, total: number, time: number) => void,
): Promise<number> {
  const { pool, plan, demo, desk, signal } = options;
  const { calendar } = plan;
  const total = DEMO_SESSIONS.unwatchedUntil - DEMO_SESSIONS.history;
  for (let done = 0; done < total; done += TOGETHER) {
    signal.throwIfAborted();
    const sessions = Array.from({ length: Math.min(TOGETHER, total - done) }, (_, i) =>
      demo.feed.session(DEMO_SESSIONS.history + done + i),
    );
    const bars = sessions.flatMap((session) => session.bars).filter((bar) => bar.time > (desk.processed ?? 0));
    if (bars.length === 0) continue;
    const open = calendar.sessionOpen(sessions[0]!.date)!;
    await markFirstCycle(pool, open);
    // no later than their own rule says: what a bar may see is decided by that
    const macro = sessions.flatMap((session) => session.macro);
    desk.learn(await demo.storeMacro(macro, { silent: true, marketTime: open }));
    await storeBars(pool, bars, { silent: true, marketTime: open });
    await desk.runUnwatched(bars);
    onProgress(done + sessions.length, total, bars.at(-1)!.time + calendar.slotMs);
  }
  const begin = calendar.sessionOpen(demo.feed.session(DEMO_SESSIONS.unwatchedUntil).date)!;
  return Math.max(begin, (desk.processed ?? 0) + calendar.slotMs);
}

/** The watched part: each bar as the clock completes it. */
export interface DemoRun {
  /** Resolves when the clock has caught up with a closed market: the demo begins again as a new world. */
  readonly caughtUp: Promise<void>;
  /** After a command to the clock: looks again at once. */
  wake(): void;
  stop(): Promise<void>;
}

export function runDemo(options: {
  readonly pool: Pool;
  readonly plan: Plan;
  readonly demo: DemoFeed;
  /** Restores the desk from what is stored: after a failure as at the start. */
  readonly openDesk: () => Promise<Desk>;
  /** True when another set of strategies is to run than the desk was opened with. */
  readonly changed: () => Promise<boolean>;
  readonly clock: ReplayClock;
  /** A bar is stored and decided upon next. */
  readonly onStored?: (bar: Bar) => void;
  readonly onBar?: (bar: Bar, parts: readonly Part[]) => void;
  readonly onError: (error: unknown) => void;
}): DemoRun {
  const { pool, plan, demo, clock, onStored, onBar, onError } = options;
  const { calendar } = plan;
  let stopped = false;
  let wake = (): void => {};
  let caughtUp = (): void => {};
  const finished = new Promise<void>((resolve) => (caughtUp = resolve));
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Macro, then each bar: stored first (its price event), then decided upon. All of it can be repeated. */
  const takeWhatIsDue = async (desk: Desk): Promise<void> => {
    const now = clock.now();
    const { bars, macro } = demo.feed.since(desk.processed, now);
    if (macro.length > 0) {
      const open = calendar.sessionOpen(calendar.sessionDate(now));
      desk.learn(await demo.storeMacro(macro, { marketTime: open ?? now }));
    }
    for (const bar of bars) {
      if (stopped) return;
      await storeBars(pool, [bar], { marketTime: bar.time + calendar.slotMs });
      onStored?.(bar);
      const parts = await desk.run(bar, 'live');
      onBar?.(bar, parts);
    }
  };

  const loop = async (): Promise<void> => {
    let desk: Desk | undefined;
    let failures = 0;
    while (!stopped) {
      try {
        if (desk && (await options.changed())) desk = undefined;
        desk ??= await options.openDesk();
        await takeWhatIsDue(desk);
        await desk.hear();
        failures = 0;
      } catch (error) {
        // memory may be ahead of the database: what is not committed is taken again from what is stored
        desk = undefined;
        onError(error);
        await pause(Math.min(5_000, 100 * 2 ** failures++));
        continue;
      }
      if (clock.state().phase === 'caught_up_closed') return caughtUp();
      await pause(Math.min(clock.nextBarAt()?.waitMs ?? 60_000, 60_000));
    }
  };
  const running = loop();
  return {
    caughtUp: finished,
    wake: () => wake(),
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
