import type { Calendar } from '@signalbox/core';
import type { Pool } from 'pg';
import { dueSlots } from '../../inference/schedule.js';
import { storeBars } from '../../stores/postgres/bars.js';
import type { BarFeed } from './bar-feed.js';

/** A stretch of slots of which some are not stored; open times, both inclusive. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly missing: number;
}

/** Two gaps nearer than this are asked for at once. */
const JOIN_MS = 14 * 86_400_000;

/** The complete slots from `from` on that have no stored bar, as stretches worth one question each. */
export async function findGaps(
  pool: Pool,
  {
    symbol,
    calendar,
    from,
    now,
  }: { readonly symbol: string; readonly calendar: Calendar; readonly from: number; readonly now: number },
): Promise<{ readonly gaps: readonly Gap[]; readonly missing: ReadonlySet<number> }> {
  const { rows } = await pool.query<{ time: number }>(
    'SELECT time FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time >= $2',
    [symbol, new Date(from).toISOString()],
  );
  const stored = new Set(rows.map(({ time }) => time));
  const missing = dueSlots(calendar, from - 1, now).filter((slot) => !stored.has(slot));
  const gaps: { from: number; to: number; missing: number }[] = [];
  for (const slot of missing) {
    const last = gaps.at(-1);
    if (last && slot - last.to <= JOIN_MS) {
      last.to = slot;
      last.missing++;
    } else gaps.push({ from: slot, to: slot, missing: 1 });
  }
  return { gaps, missing: new Set(missing) };
}

/**
 * Asks the feed for the bars that are not stored, once, and stores those that it has. Stored bars stay as they are.
 * `sessions`: how far back; an empty store is filled as far as `sessionsWhenEmpty`.
 * @returns how many were missing, and how many of them came
 * @throws VendorError; STORE_DOWN
 */
export async function repairGaps(options: {
  readonly pool: Pool;
  readonly feed: BarFeed;
  readonly symbol: string;
  readonly calendar: Calendar;
  readonly now: number;
  readonly signal: AbortSignal;
  readonly sessions?: number;
  readonly sessionsWhenEmpty?: number;
}): Promise<{ readonly missing: number; readonly repaired: number }> {
  const { pool, feed, symbol, calendar, now, signal, sessions = 20, sessionsWhenEmpty = 80 } = options;
  const { rowCount } = await pool.query('SELECT 1 FROM usdcop_m5_ohlcv WHERE symbol = $1 LIMIT 1', [symbol]);
  let day = calendar.sessionDate(now);
  for (let i = 0; i < (rowCount === 0 ? sessionsWhenEmpty : sessions); i++) day = calendar.previousSessionDay(day);
  const { gaps, missing } = await findGaps(pool, { symbol, calendar, from: calendar.sessionOpen(day)!, now });
  let repaired = 0;
  for (const gap of gaps) {
    signal.throwIfAborted();
    const bars = await feed.fetch(gap.from, gap.to, signal);
    const wanted = bars.filter(({ time }) => missing.has(time));
    repaired += (await storeBars(pool, wanted, { marketTime: now })).inserted;
  }
  return { missing: missing.size, repaired };
}
