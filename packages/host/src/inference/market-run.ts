import { isSignalboxError, type Calendar, type Clock } from '@signalbox/core';
import type { Pool } from 'pg';
import { confirmBars, storeBars } from '../stores/postgres/bars.js';
import { markLate, readDueBars, storeMissed, type DueBar } from '../stores/postgres/cycles.js';
import type { Term } from '../stores/postgres/leader.js';
import { readMacro } from '../stores/postgres/macro.js';
import { markFirstCycle } from '../stores/postgres/world.js';
import { createWake } from '../stores/events/wake.js';
import type { Desk } from './desk.js';
import type { Feed } from './feed.js';
import { dueSlots, nextCompletion } from './schedule.js';

/** Wall milliseconds after its completion until which a bar is waited for. */
export const DEADLINE_MS = 90_000;
/** How often the feed is asked for a bar that is due. */
const POLL_MS = 2_000;

export interface MarketRunOptions {
  readonly pool: Pool;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly feed: Feed | null;
  /** The term of this host as leader: the run ends with it. */
  readonly term: Term;
  /** Restores the desk from what is stored. */
  readonly openDesk: () => Promise<Desk>;
  /** True when another set of strategies is to run than the desk was opened with. */
  readonly changed: () => Promise<boolean>;
  /** Names of the macro series that the features read. */
  readonly series: readonly string[];
  /** Other symbols whose bars the features read. */
  readonly others?: readonly string[];
  readonly onError: (error: unknown) => void;
  /** A stored bar that is taken now, and the `performance.now()` at which it came to notice. */
  readonly onNotice?: (barTime: number, noticed: number) => void;
  readonly pollMs?: number;
  /** Looks at the clock at least so often; for clocks that do not run with the wall. */
  readonly tickMs?: number;
}

/**
 * The live run of one symbol while this host leads it: one cycle per slot, in order, when its bar is complete and stored, by
 * whatever way it came; the feed is asked for it until the deadline, then it is missed. Bars that completed more than one
 * bar ago are caught up with. Resolves when the term has ended; rejects when the database does not answer.
 */
export async function runMarket(options: MarketRunOptions): Promise<void> {
  const { pool, calendar, clock, feed, term, series, onError, onNotice = () => {} } = options;
  const { symbol, ended } = term;
  const others = options.others ?? [];
  const { slotMs } = calendar;
  const { pollMs = POLL_MS, tickMs = 60_000 } = options;
  const wake = createWake();
  const began = clock.now();
  ended.addEventListener('abort', () => wake.now(), { once: true });

  /** Open time of the newest slot that is decided upon or missed. */
  let settled = -Infinity;
  let lateFrom = Infinity;
  let macroChanged = false;
  /** A bar of another symbol came late, or was repaired. */
  let otherChanged = false;
  let desk: Desk | undefined;
  let polled = -Infinity;
  /** Market time of the last answer of the feed. */
  let answered = -Infinity;
  let noticed = performance.now();

  await term.listen('signalbox_bars', (payload) => {
    const [changed, from] = payload.split('|');
    const time = Number(from);
    if (changed !== symbol) {
      if (!others.includes(changed!) || time > (desk?.processed ?? -Infinity)) return;
      otherChanged = true;
      wake.now();
      return;
    }
    noticed = performance.now();
    if (time <= (desk?.processed ?? -Infinity)) lateFrom = Math.min(lateFrom, time);
    else settled = Math.min(settled, time - 1);
    wake.now();
  });
  await term.listen('signalbox_cycle', (payload) => {
    const [wanted, time] = payload.split('|');
    if (wanted !== symbol) return;
    if (Number(time) > (desk?.processed ?? -Infinity)) settled = Math.min(settled, Number(time) - 1);
    polled = -Infinity;
    wake.now();
  });
  await term.listen('signalbox_desk', (payload) => {
    if (payload === symbol) wake.now();
  });
  await term.listen('signalbox_macro', () => {
    macroChanged = true;
  });
  await markFirstCycle(pool, began);

  const deadlineOf = (slot: number): number => {
    const completed = slot + slotMs;
    // after a start the feed gets its time to fill what lies behind
    return (feed && answered < began ? Math.max(completed, began) : completed) + DEADLINE_MS;
  };

  const open = async (): Promise<Desk> => {
    macroChanged = false;
    const opened = await options.openDesk();
    settled = Math.max(settled, opened.processed ?? -Infinity);
    return opened;
  };

  /** Bars of before the newest that was decided upon came late, or were repaired: stored, and nothing is decided again. */
  const mend = async (on: Desk): Promise<void> => {
    const from = lateFrom;
    lateFrom = Infinity;
    await markLate(pool, term, from, on.processed!);
    await on.mend();
  };

  const askFeed = async (from: number): Promise<void> => {
    if (!feed || performance.now() - polled < pollMs) return;
    polled = performance.now();
    const now = clock.now();
    try {
      const bars = await feed.poll(symbol, from, AbortSignal.any([ended, AbortSignal.timeout(DEADLINE_MS)]));
      if (ended.aborted) return;
      const fresh = bars.filter((bar) => bar.symbol === symbol && bar.time >= from);
      await storeBars(pool, fresh, { marketTime: now });
      await confirmBars(pool, fresh, { slotMs, now });
      answered = now;
    } catch (error) {
      if (ended.aborted) return;
      if (isSignalboxError(error) && error.code === 'STORE_DOWN') throw error;
      onError(error);
    }
  };

  const take = async (on: Desk, bar: DueBar): Promise<void> => {
    if (macroChanged) {
      macroChanged = false;
      on.learn(await readMacro(pool, series));
    }
    onNotice(bar.time, noticed);
    const late = clock.now() - (bar.time + slotMs);
    await on.run(bar, late > slotMs ? 'catch_up' : 'live');
    settled = bar.time;
  };

  /** Takes what is due, in order. True when a due bar is waited for. */
  const pass = async (on: Desk): Promise<boolean> => {
    const now = clock.now();
    const due = dueSlots(calendar, settled, now);
    if (due.length === 0) return false;
    const read = async (): Promise<Map<number, DueBar>> =>
      new Map(
        (await readDueBars(pool, { symbol, after: settled, now, slotMs }))
          .filter((bar) => bar.final)
          .map((bar) => [bar.time, bar]),
      );
    let stored = await read();
    const lacking = due.find((slot) => !stored.has(slot));
    if (lacking !== undefined && feed) {
      await askFeed(lacking);
      stored = await read();
    }
    const missed: number[] = [];
    const giveUp = async (): Promise<void> => {
      if (missed.length === 0) return;
      await storeMissed(pool, term, missed.splice(0), reasonOf(feed), now);
    };
    for (const slot of due) {
      if (ended.aborted || Number.isFinite(lateFrom)) break;
      const bar = stored.get(slot);
      if (bar) {
        await giveUp();
        await take(on, bar);
      } else if (now > deadlineOf(slot)) {
        missed.push(slot);
        settled = slot;
      } else {
        await giveUp();
        return true;
      }
    }
    await giveUp();
    return stored.size >= 5_000;
  };

  while (!ended.aborted) {
    wake.clear();
    // earlier when a notification of the bar comes first
    noticed = performance.now();
    if (!desk || (await options.changed())) desk = await open();
    if (Number.isFinite(lateFrom)) await mend(desk);
    else if (otherChanged) {
      otherChanged = false;
      await desk.mend();
    }
    await desk.hear();
    const waiting = await pass(desk);
    if (ended.aborted) return;
    const now = clock.now();
    const until = nextCompletion(calendar, now) - now;
    await wake.wait(Math.max(1, Math.min(waiting ? pollMs : until, tickMs)));
  }

  function reasonOf(from: Feed | null): string {
    const seconds = DEADLINE_MS / 1_000;
    return from
      ? `${from.name} had no final bar within ${seconds} s of its completion`
      : `nobody delivered it within ${seconds} s of its completion`;
  }
}
