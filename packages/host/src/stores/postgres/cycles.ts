import type { BadTick } from '@signalbox/core';
import type { Pool } from 'pg';
import { at } from './copy.js';
import { storeAlert } from './decisions.js';
import { withFence, type Fence } from './fence.js';
import type { SourcedBar } from './bars.js';
import type { Queryable } from './pool.js';

/** Where the cycle of one bar stands: see `dw.cycles`. */
export interface CycleRow {
  readonly barTime: number;
  readonly status: 'done' | 'missed' | 'late';
  readonly mode: 'live' | 'catch_up' | null;
  readonly detail: string | null;
}

export async function readCycle(db: Queryable, symbol: string, barTime: number): Promise<CycleRow | undefined> {
  const { rows } = await db.query<CycleRow>(
    'SELECT bar_time AS "barTime", status, mode, detail FROM dw.cycles WHERE symbol = $1 AND bar_time = $2',
    [symbol, at(barTime)],
  );
  return rows[0];
}

/** A bar that every strategy has decided upon; it may have been missed before. */
export async function storeCycle(
  db: Queryable,
  cycle: {
    readonly symbol: string;
    readonly barTime: number;
    readonly mode: 'live' | 'catch_up';
    readonly decisions: number;
    readonly epoch: number | null;
  },
): Promise<void> {
  await db.query(
    `INSERT INTO dw.cycles (symbol, bar_time, status, mode, decisions, epoch) VALUES ($1, $2, 'done', $3, $4, $5)
     ON CONFLICT (symbol, bar_time) DO UPDATE SET status = 'done', mode = excluded.mode, decisions = excluded.decisions,
       epoch = excluded.epoch, detail = NULL, recorded_at = now() WHERE cycles.status <> 'done'`,
    [cycle.symbol, at(cycle.barTime), cycle.mode, cycle.decisions, cycle.epoch],
  );
}

/** Marks a bar done that strategies have decided upon as it happened, if it is not yet; any other bar is left as it is. */
export async function closeCycle(db: Queryable, symbol: string, barTime: number, epoch: number | null): Promise<void> {
  await db.query(
    `INSERT INTO dw.cycles (symbol, bar_time, status, mode, decisions, epoch)
     SELECT $1, $2, 'done', min(coalesce(s.mode, n.mode)), count(*), $3
     FROM dw.fact_equity_curve e
     LEFT JOIN dw.fact_strategy_signals s USING (run_id, strategy_id, symbol, bar_time)
     LEFT JOIN dw.fact_no_signal n USING (run_id, strategy_id, symbol, bar_time)
     WHERE e.run_id = 'live' AND symbol = $1 AND bar_time = $2 AND coalesce(s.mode, n.mode) IN ('live', 'catch_up')
     HAVING count(*) > 0
     ON CONFLICT (symbol, bar_time) DO UPDATE SET status = 'done', mode = excluded.mode, decisions = excluded.decisions,
       epoch = excluded.epoch, detail = NULL, recorded_at = now() WHERE cycles.status = 'missed'`,
    [symbol, at(barTime), epoch],
  );
}

/**
 * Bars that did not come before their deadline: a row for each, and one alert for those that had none yet.
 * @throws SignalboxError LEADERSHIP_LOST
 */
export async function storeMissed(
  pool: Pool,
  fence: Fence,
  barTimes: readonly number[],
  detail: string,
  marketTime: number,
): Promise<number> {
  return withFence(pool, fence, async (client) => {
    const { rows } = await client.query<{ t: number }>(
      `INSERT INTO dw.cycles (symbol, bar_time, status, epoch, detail)
       SELECT $1, t, 'missed', $3, $4 FROM unnest($2::timestamptz[]) t ON CONFLICT DO NOTHING RETURNING bar_time AS t`,
      [fence.symbol, barTimes.map(at), fence.epoch, detail],
    );
    if (rows.length === 0) return 0;
    const times = rows.map((row) => row.t).sort((a, b) => a - b);
    const which =
      times.length === 1 ? `bar ${at(times[0]!)}` : `${times.length} bars, ${at(times[0]!)} to ${at(times.at(-1)!)}`;
    await storeAlert(client, {
      code: 'BAR_MISSED',
      severity: 'warning',
      symbol: fence.symbol,
      message: `${fence.symbol}: ${which} missed: ${detail}. Nothing was decided upon ${times.length === 1 ? 'it' : 'them'}.`,
      time: marketTime,
    });
    return times.length;
  });
}

/** Missed bars from `from` to `to` that are stored now: too late, a later one is decided upon. */
export async function markLate(pool: Pool, fence: Fence, from: number, to: number): Promise<void> {
  await withFence(pool, fence, (client) =>
    client.query(
      `UPDATE dw.cycles c SET status = 'late', detail = 'stored after a later bar was decided upon', recorded_at = now()
       FROM usdcop_m5_ohlcv b WHERE c.symbol = $1 AND c.status = 'missed' AND c.bar_time BETWEEN $2 AND $3
         AND b.symbol = c.symbol AND b.time = c.bar_time`,
      [fence.symbol, at(from), at(to)],
    ),
  );
}

/** A stored bar, and whether it was recorded when it was complete. */
export interface DueBar extends SourcedBar {
  readonly final: boolean;
}

/** Stored bars that opened after `after` and are complete at `now`, in order of time. */
export async function readDueBars(
  db: Queryable,
  { symbol, after, now, slotMs }: { symbol: string; after: number; now: number; slotMs: number },
): Promise<DueBar[]> {
  const { rows } = await db.query<DueBar>(
    `SELECT time, symbol, open, high, low, close, volume, source,
       recorded_at >= time + $4 * interval '1 ms' AS final
     FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time > $2 AND time <= $3 ORDER BY time LIMIT 5000`,
    [symbol, at(after), at(now - slotMs), slotMs],
  );
  return rows;
}

export async function storeBadTicks(db: Queryable, symbol: string, ticks: readonly BadTick[]): Promise<void> {
  for (const { time, move, revertedAt } of ticks)
    await db.query(
      `INSERT INTO dw.bad_ticks (symbol, bar_time, move, reverted_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [symbol, at(time), move, at(revertedAt)],
    );
}

/** How long one strategy took on one live bar; milliseconds since the host noticed the bar. */
export interface DecisionTiming {
  readonly strategyId: number;
  /** Wall time, epoch milliseconds; null when it was not asked. */
  readonly askedAt: number | null;
  readonly answeredMs: number | null;
  readonly committedMs: number;
  /** Null without a signal, and when its publication was not heard of. */
  readonly publishedMs: number | null;
}

export async function storeTimings(
  db: Queryable,
  bar: { readonly symbol: string; readonly barTime: number; readonly noticedAt: number },
  timings: readonly DecisionTiming[],
): Promise<void> {
  if (timings.length === 0) return;
  await db.query(
    `INSERT INTO dw.cycle_timings (symbol, bar_time, strategy_id, noticed_at, asked_at, answered_ms, committed_ms, published_ms)
     SELECT $1, $2, u.id, $3, u.asked, u.answered, u.committed, u.published
     FROM unnest($4::int[], $5::timestamptz[], $6::float8[], $7::float8[], $8::float8[]) u(id, asked, answered, committed, published)
     ON CONFLICT DO NOTHING`,
    [
      bar.symbol,
      at(bar.barTime),
      at(bar.noticedAt),
      timings.map((one) => one.strategyId),
      timings.map((one) => (one.askedAt === null ? null : at(one.askedAt))),
      timings.map((one) => one.answeredMs),
      timings.map((one) => one.committedMs),
      timings.map((one) => one.publishedMs),
    ],
  );
}
