import { setTimeout as sleep } from 'node:timers/promises';
import { SignalboxError, type Calendar, type Clock } from '@signalbox/core';
import type { Pool } from 'pg';
import { readCycle } from '../stores/postgres/cycles.js';
import { DEADLINE_MS } from './market-run.js';

/** Triggers the cycle of one bar from outside. */
export interface CycleTrigger {
  /**
   * Has the cycle of this bar done, by whichever host leads the symbol. `already_done`: it was, or the bar is older than the
   * newest that was decided upon and is not decided upon again.
   * @throws PARAMETER_INVALID (no bar opens then), BAR_NOT_COMPLETE, BAR_NOT_STORED, CYCLE_LATE, STORE_DOWN
   */
  trigger(symbol: string, barTime: number): Promise<'done' | 'already_done'>;
}

/** How long an answer is waited for when the bar is there. */
const PATIENCE_MS = 30_000;
/** The same when the bar was given up already: the feed is asked once more. */
const SECOND_LOOK_MS = 3_000;
const LOOK_EVERY_MS = 25;

export function createCycleTrigger(options: {
  readonly pool: () => Pool;
  readonly calendar: Calendar;
  readonly clock: Clock;
  readonly patienceMs?: number;
  readonly secondLookMs?: number;
}): CycleTrigger {
  const { calendar, clock, patienceMs = PATIENCE_MS, secondLookMs = SECOND_LOOK_MS } = options;
  const { slotMs } = calendar;

  /** A later bar is decided upon, or this one by everybody. */
  const isBehind = async (pool: Pool, symbol: string, barTime: number): Promise<boolean> => {
    const { rows } = await pool.query<{ behind: boolean }>(
      `SELECT coalesce((SELECT max(bar_time) FROM dw.fact_equity_curve WHERE run_id = 'live' AND symbol = $1) > $2, false)
         OR coalesce((SELECT min(s.bar_time) FROM dw.strategy_state s JOIN dw.dim_strategy d USING (strategy_id)
              WHERE s.run_id = 'live' AND s.symbol = $1 AND d.is_active AND d.package IS NOT NULL) >= $2, false) AS behind`,
      [symbol, new Date(barTime).toISOString()],
    );
    return rows[0]!.behind;
  };
  const isStored = async (pool: Pool, symbol: string, barTime: number): Promise<boolean> => {
    const { rowCount } = await pool.query('SELECT 1 FROM usdcop_m5_ohlcv WHERE symbol = $1 AND time = $2', [
      symbol,
      new Date(barTime).toISOString(),
    ]);
    return rowCount === 1;
  };

  return {
    async trigger(symbol, barTime) {
      const name = Number.isFinite(barTime) ? new Date(barTime).toISOString() : String(barTime);
      const slot = calendar.slot(barTime);
      if (!slot || (barTime - calendar.sessionOpen(slot.session)!) % slotMs !== 0)
        throw new SignalboxError(
          'PARAMETER_INVALID',
          `bar_time: no bar of ${symbol} opens at ${name}`,
          'Give the open time of a bar inside a session.',
        );
      const completesAt = barTime + slotMs;
      if (clock.now() < completesAt)
        throw new SignalboxError(
          'BAR_NOT_COMPLETE',
          `the bar of ${name} is not complete`,
          `Ask again at ${new Date(completesAt).toISOString()} or later.`,
        );
      const pool = options.pool();
      const before = await readCycle(pool, symbol, barTime);
      if (before?.status === 'done' || before?.status === 'late') return 'already_done';
      if (await isBehind(pool, symbol, barTime)) return 'already_done';

      // whoever leads hears it; when nobody does, this host or another is just taking the lock and takes the bar by itself
      await pool.query(`SELECT pg_notify('signalbox_cycle', $1)`, [`${symbol}|${barTime}`]);
      const given = before?.status === 'missed';
      const began = performance.now();
      for (;;) {
        const cycle = await readCycle(pool, symbol, barTime);
        if (cycle?.status === 'done') return 'done';
        if (cycle?.status === 'late') return 'already_done';
        const missed = cycle?.status === 'missed' && (!given || performance.now() - began > secondLookMs);
        const stored = missed || performance.now() - began > patienceMs ? await isStored(pool, symbol, barTime) : true;
        if (!stored)
          throw new SignalboxError(
            'BAR_NOT_STORED',
            `the bar of ${name} is complete, and nobody has delivered it`,
            `Deliver it and ask again; the feed is asked until ${DEADLINE_MS / 1_000} s after its completion.`,
          );
        if (performance.now() - began > patienceMs)
          throw new SignalboxError(
            'CYCLE_LATE',
            `the cycle of ${name} was not done within ${Math.round(patienceMs / 1_000)} s`,
            'It goes on; ask again. /api/health and the log say what holds it up.',
          );
        await sleep(LOOK_EVERY_MS);
      }
    },
  };
}
