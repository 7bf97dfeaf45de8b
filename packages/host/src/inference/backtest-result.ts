import { changePct, maxDrawdownPct, ratios, tradeStatistics, type Trade } from '@signalbox/core';
import type { Pool } from 'pg';
import type { StrategyRecord } from '../stores/postgres/strategies.js';
import type { Plan } from './plan.js';

/** How one strategy did in a run. Percents, USD, fractions; null where a figure is undefined. */
export interface StrategyResult {
  readonly strategy: string;
  readonly total_return_pct: number;
  readonly sharpe_ratio: number | null;
  readonly sharpe_standard_error: number | null;
  /** Session returns that the ratios come from. */
  readonly n: number;
  readonly periods_per_year: number;
  readonly max_drawdown_pct: number;
  readonly total_trades: number;
  readonly win_rate: number | null;
  readonly total_fees: number;
  readonly net_profit: number;
  readonly final_equity: number;
  readonly signals: number;
  /** Bars without an opinion. */
  readonly no_signals: number;
}

/** The figures of a run, from its stored rows and from nothing else. */
export async function backtestResult(
  pool: Pool,
  runId: string,
  { instrument, calendar }: Plan,
  rows: readonly StrategyRecord[],
): Promise<StrategyResult[]> {
  const results: StrategyResult[] = [];
  for (const row of rows) {
    const key = [runId, row.id];
    const equity = await pool.query<{ time: number; value: number }>(
      `SELECT bar_time AS time, equity_value AS value FROM dw.fact_equity_curve WHERE run_id = $1 AND strategy_id = $2 ORDER BY bar_time`,
      key,
    );
    const trades = await pool.query<Trade>(
      `SELECT realized_pnl AS "realizedPnl", fees, entry_time AS "entryTime", exit_time AS "exitTime"
       FROM dw.fact_strategy_positions WHERE run_id = $1 AND strategy_id = $2 AND status = 'closed'`,
      key,
    );
    const counts = await pool.query<{ signals: number; none: number }>(
      `SELECT (SELECT count(*) FROM dw.fact_strategy_signals WHERE run_id = $1 AND strategy_id = $2)::int AS signals,
         (SELECT count(*) FROM dw.fact_no_signal WHERE run_id = $1 AND strategy_id = $2)::int AS none`,
      key,
    );
    // the last value of each session; only completed sessions give returns
    const closes = [row.initialEquity];
    equity.rows.forEach(({ time, value }, i) => {
      const next = equity.rows[i + 1];
      const slot = calendar.slot(time)!;
      if (slot.last || (next && calendar.slot(next.time)?.session !== slot.session)) closes.push(value);
    });
    const drawdown = maxDrawdownPct(
      row.initialEquity,
      equity.rows.map((one) => one.value),
    );
    const { n, periods_per_year, sharpe_ratio, sharpe_standard_error } = ratios(closes, {
      periodsPerYear: instrument.sessionsPerYear,
      maxDrawdownPct: drawdown,
    });
    const { n_trades, win_rate, total_fees, net_profit } = tradeStatistics(trades.rows);
    const final = equity.rows.at(-1)?.value ?? row.initialEquity;
    results.push({
      strategy: row.code,
      total_return_pct: changePct(final, row.initialEquity, 4),
      sharpe_ratio,
      sharpe_standard_error,
      n,
      periods_per_year,
      max_drawdown_pct: drawdown,
      total_trades: n_trades,
      win_rate,
      total_fees,
      net_profit,
      final_equity: final,
      signals: counts.rows[0]!.signals,
      no_signals: counts.rows[0]!.none,
    });
  }
  return results;
}
