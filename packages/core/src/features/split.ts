import { SignalboxError } from '../errors.js';

/** What a row is for. `embargo` and `purge` rows are for nothing: what was learned on one side would leak to the other. */
export type SplitPart = 'train' | 'validation' | 'test' | 'embargo' | 'purge';

export interface SplitOptions {
  /** Shares of the sessions, in order of time, that sum to at most 1; 0.7, 0.15 and 0.15 by default. */
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
  /** Sessions left out between two parts; 1 by default. */
  readonly embargoSessions?: number;
  /**
   * Bars at the end of a part whose labels may look into the next one: the horizon where labels cross sessions. 0 by default:
   * labels end with their session here, and the embargo is wider.
   */
  readonly purgeBars?: number;
}

/** The part of a row, and of each session whole, before purging. */
export interface Split {
  /** One for each row. */
  readonly rows: readonly SplitPart[];
  /** Sessions of each part, first and last date and how many; parts without a session are absent. */
  readonly parts: Readonly<
    Partial<Record<SplitPart, { readonly from: string; readonly to: string; readonly sessions: number }>>
  >;
}

/**
 * Splits rows by session, in order of time: training first, then validation, then test, an embargo between each two. No session
 * is cut in two, and nothing later is ever before. `sessions[i]` is the session date of row i, ascending.
 *
 * @throws SignalboxError PARAMETER_INVALID for shares that leave no session for a part that was asked for
 */
export function splitBySession(sessions: readonly string[], options: SplitOptions = {}): Split {
  const { train = 0.7, validation = 0.15, test = 0.15, embargoSessions = 1, purgeBars = 0 } = options;
  const shares = { train, validation, test };
  const bad =
    Object.values(shares).some((share) => !(share >= 0 && share <= 1)) || train + validation + test > 1 + 1e-9;
  if (bad) throw refused('shares are from 0 to 1 and sum to at most 1');
  if (sessions.some((date, i) => i > 0 && date < sessions[i - 1]!)) throw refused('rows are not in order of time');
  const dates = [...new Set(sessions)];
  const wanted = (['train', 'validation', 'test'] as const).filter((part) => shares[part] > 0);
  const usable = dates.length - embargoSessions * Math.max(0, wanted.length - 1);
  const partOf = new Map<string, SplitPart>();
  let next = 0;
  let share = 0;
  let given = 0;
  wanted.forEach((part, i) => {
    share += shares[part];
    // by cumulated shares, so that no session is lost to rounding
    const upTo = Math.round(share * usable);
    if (upTo - given < 1) throw refused(`${dates.length} sessions leave none for ${part}`);
    for (; given < upTo; given++) partOf.set(dates[next++]!, part);
    if (i < wanted.length - 1) for (let k = 0; k < embargoSessions; k++) partOf.set(dates[next++]!, 'embargo');
  });
  const rows = sessions.map((date): SplitPart => partOf.get(date) ?? 'embargo');
  if (purgeBars > 0) {
    for (let i = 1; i < rows.length; i++) {
      // the last bars of a part, where another follows
      const before = rows[i - 1]!;
      if (rows[i] === before || before === 'embargo' || before === 'purge') continue;
      for (let k = i - 1; k >= 0 && k >= i - purgeBars && rows[k] === before; k--) rows[k] = 'purge';
    }
  }
  const parts: Partial<Record<SplitPart, { from: string; to: string; sessions: number }>> = {};
  for (const date of dates) {
    const part = partOf.get(date) ?? 'embargo';
    const found = parts[part];
    parts[part] = { from: found?.from ?? date, to: date, sessions: (found?.sessions ?? 0) + 1 };
  }
  return { rows, parts };
}

function refused(why: string): SignalboxError {
  return new SignalboxError(
    'PARAMETER_INVALID',
    `the rows cannot be split: ${why}`,
    'Choose other shares, or more sessions.',
  );
}
