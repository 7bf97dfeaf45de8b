import type { Calendar } from '@signalbox/core';
import { createSimulator, SIMULATED_MACRO, type SimulatedSession, type Simulator } from '@signalbox/core/testing';
import type { SourcedBar } from '../stores/postgres/bars.js';
import { MACRO_COLUMNS } from './macro-columns.js';
import type { MacroRow } from './macro.js';

/** How the demo world begins: all sessions, those that are history, and the end of those that run unwatched. */
export const DEMO_SESSIONS = Object.freeze({ total: 120, history: 60, unwatchedUntil: 100 });

/** `source` of every simulated row. */
export const SIMULATED = 'simulated';

/** What a world row says of a simulated world. */
export interface SimulatedWorld {
  readonly seed: number;
  readonly edge: number;
  /** `YYYY-MM-DD`. */
  readonly firstSession: string;
}

/** One session as it is stored. */
export interface FedSession {
  /** Counts from 0 at the world's first session. */
  readonly index: number;
  readonly date: string;
  readonly bars: readonly SourcedBar[];
  /** Known at the session's open. Mark them `source = 'simulated'`. */
  readonly macro: readonly MacroRow[];
}

/** The feed of a simulated world: everything follows from its world row, so a restart needs no state of its own. */
export interface SimulatedFeed {
  /** Stored names of the macro series that the feed carries. */
  readonly columns: readonly string[];
  /** Session `index` of the world. Cheap in order; going back makes the world again from its seed. */
  session(index: number): FedSession;
  /**
   * What a host that has stored everything up to the bar opened at `after` (null: nothing) lacks at market time `now`: complete
   * bars, and the macro rows of the sessions that opened since. Asked again, it gives the same.
   */
  since(after: number | null, now: number): { readonly bars: SourcedBar[]; readonly macro: MacroRow[] };
}

export function createSimulatedFeed(
  world: SimulatedWorld,
  { symbol, calendar, tick }: { readonly symbol: string; readonly calendar: Calendar; readonly tick?: number },
): SimulatedFeed {
  const begin = (): Simulator => createSimulator({ ...world, calendar, ...(tick === undefined ? {} : { tick }) });
  let simulator = begin();
  let recent: FedSession | undefined;

  const session = (index: number): FedSession => {
    if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`session ${index} of a simulated world`);
    if (recent && index < recent.index) {
      simulator = begin();
      recent = undefined;
    }
    while (recent?.index !== index) recent = stored(simulator.next(), symbol);
    return recent;
  };

  return {
    columns: SIMULATED_MACRO,
    session,
    since(after, now) {
      const bars: SourcedBar[] = [];
      const macro: MacroRow[] = [];
      const first = calendar.isSessionDay(world.firstSession)
        ? world.firstSession
        : calendar.nextSessionDay(world.firstSession);
      const from = after === null ? first : calendar.sessionDate(after);
      const to = calendar.sessionDate(now);
      const skipped = from <= first ? 0 : calendar.sessionsBetween(first, from).length - 1;
      calendar.sessionsBetween(from > first ? from : first, to).forEach((date, i) => {
        const open = calendar.sessionOpen(date)!;
        if (open > now) return;
        const made = session(skipped + i);
        if (after === null || open > after) macro.push(...made.macro);
        for (const bar of made.bars)
          if ((after === null || bar.time > after) && bar.time + calendar.slotMs <= now) bars.push(bar);
      });
      return { bars, macro };
    },
  };
}

/** `n` session dates in order; the last is the last session that was complete before the date `today`. */
export function demoSessions(calendar: Calendar, today: string, n: number = DEMO_SESSIONS.total): string[] {
  const dates: string[] = [];
  for (let date = today; dates.length < n; dates.push(date)) date = calendar.previousSessionDay(date);
  return dates.reverse();
}

function stored({ index, date, bars, macro }: SimulatedSession, symbol: string): FedSession {
  return {
    index,
    date,
    bars: bars.map((bar) => ({ ...bar, symbol, source: SIMULATED })),
    macro: macro.map((row) => ({
      date: row.date,
      values: MACRO_COLUMNS.map(({ name }) => row.values[name] ?? null),
    })),
  };
}
