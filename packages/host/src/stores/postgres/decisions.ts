import type { Alert, Fill, NoSignal, Part, Signal } from '@signalbox/core';
import { SignalboxError } from '@signalbox/core';
import type { Pool } from 'pg';
import { at, floats } from './copy.js';
import { bookSignal } from './external-signals.js';
import { checkFence } from './fence.js';
import { withTransaction, type Queryable } from './pool.js';
import { crashPoint } from '../../observe/crash-points.js';

/** How a bar was come to: as it happened, late, before the world was watched, or in a backtest. */
export type DecisionMode = 'live' | 'catch_up' | 'unwatched' | 'backtest';

/** A row of `fact_strategy_performance`: the day's return and trades, ratios and drawdown since inception. Percents, 4 decimals. */
export interface DailyPerformance {
  /** Bogota date of the session, `YYYY-MM-DD`. */
  readonly date: string;
  readonly dailyReturnPct: number | null;
  readonly sharpeRatio: number | null;
  readonly sortinoRatio: number | null;
  readonly maxDrawdownPct: number | null;
  readonly trades: number;
  readonly winRate: number | null;
}

/** One strategy's part of one bar and what is stored beside it. */
export interface PartCommit {
  /** `live` by default. */
  readonly runId?: string;
  readonly mode: DecisionMode;
  readonly strategyId: number;
  readonly symbol: string;
  readonly part: Part;
  /** The exact vector that the strategy saw; NaN is missing. Null when it saw none. */
  readonly features: ArrayLike<number> | null;
  /** Of `storeProvenance`. */
  readonly provenanceId: number | null;
  readonly stateHash?: string;
  /** Epoch milliseconds. */
  readonly dataWatermark?: number;
  /** What the plugin saved; JSON data. */
  readonly plugin?: unknown;
  /** Of the sessions that ended with this bar, or before it. */
  readonly performance?: readonly DailyPerformance[];
  /** The stored signal that the strategy's opinion came from: what was decided is written beside it. */
  readonly external?: number;
  /** Of the leader that decided: when another one has taken over since, nothing is written. */
  readonly epoch?: number;
}

export interface Committed {
  /** `repeated`: the strategy stands at this bar or a later one already, and nothing was written. */
  readonly status: 'committed' | 'repeated';
  /** Null for a bar without opinion, and for a repeat. */
  readonly signalId: number | null;
}

/** Prices and size belong to an entry; those of flat and close are null. */
export const ownPrice = (signal: Signal): number | null =>
  signal.signal === 'long' || signal.signal === 'short' ? signal.entryPrice : null;

/**
 * Commits one strategy's part of one bar in one transaction: state, fills, refusal, equity, performance, alerts, and the signal
 * or the reason why there is none. The state row comes first: it makes concurrent and repeated commits of a bar wait for each
 * other and then write nothing.
 *
 * @throws SignalboxError STORE_DOWN, WORLD_MISMATCH, LEADERSHIP_LOST; the caller then reloads the state
 */
export async function commitPart(pool: Pool, commit: PartCommit): Promise<Committed> {
  const { part, runId = 'live', strategyId, symbol } = commit;
  const key = [runId, strategyId, symbol] as const;
  // read before the first wait: the pipeline goes on with book and vector
  const book = JSON.stringify(part.book);
  const plugin = commit.plugin === undefined ? null : JSON.stringify(commit.plugin);
  const features = commit.features && floats(commit.features);
  return withTransaction(
    pool,
    async (client): Promise<Committed> => {
      const fenced = commit.epoch !== undefined;
      const moved = await client.query(
        `${fenced ? 'WITH fence AS (SELECT 1 FROM dw.leaders WHERE symbol = $3 AND epoch = $7 FOR SHARE)' : ''}
         INSERT INTO dw.strategy_state (run_id, strategy_id, symbol, bar_time, book, plugin)
         SELECT $1::text, $2::int, $3::text, $4::timestamptz, $5::jsonb, $6::jsonb ${fenced ? 'FROM fence' : ''}
         ON CONFLICT (run_id, strategy_id, symbol) DO UPDATE SET bar_time = excluded.bar_time, book = excluded.book,
           plugin = excluded.plugin, recorded_at = now()
         WHERE strategy_state.bar_time < excluded.bar_time`,
        [...key, at(part.barTime), book, plugin, ...(fenced ? [commit.epoch] : [])],
      );
      if (moved.rowCount === 0) {
        if (fenced) await checkFence(client, { symbol, epoch: commit.epoch! });
        return { status: 'repeated', signalId: null };
      }
      crashPoint('part.state');
      if (part.refused)
        await client.query(
          `UPDATE dw.fact_strategy_signals SET not_traded = $5
           WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND bar_time = $4`,
          [...key, at(part.refused.signalBarTime), part.refused.reason],
        );
      for (const fill of part.fills) await storeFill(client, key, part.barTime, fill);
      if (part.fills.length > 0) crashPoint('part.fills');
      if (part.position)
        await client.query(
          `UPDATE dw.fact_strategy_positions SET unrealized_pnl = $4
           WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND status = 'open' AND unrealized_pnl IS DISTINCT FROM $4`,
          [...key, part.mark.unrealizedPnl],
        );
      await client.query(
        `INSERT INTO dw.fact_equity_curve (run_id, strategy_id, symbol, bar_time, timestamp_utc, equity_value, unrealized_pnl,
           return_since_start_pct, current_drawdown_pct) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          ...key,
          at(part.barTime),
          at(part.outcome.timestamp),
          part.mark.equity,
          part.mark.unrealizedPnl,
          part.mark.returnSinceStartPct,
          part.mark.currentDrawdownPct,
        ],
      );
      crashPoint('part.equity');
      for (const day of commit.performance ?? []) await storePerformance(client, runId, strategyId, day);
      for (const alert of part.alerts)
        await storeAlert(client, { runId, strategyId, symbol, time: part.outcome.timestamp, ...alert });
      if (commit.external !== undefined) {
        const booked = await bookSignal(client, commit.external, part.opinion, part.outcome, commit.mode);
        if (!booked) throw lostSignal(commit.external);
        return { status: 'committed', signalId: commit.external };
      }
      const signalId =
        part.outcome.kind === 'signal'
          ? await storeSignal(client, commit, part.outcome, features)
          : await storeNoSignal(client, commit, part.outcome);
      crashPoint('part.outcome');
      return { status: 'committed', signalId };
    },
    { silent: commit.mode === 'unwatched' },
  );
}

async function storeSignal(
  client: Queryable,
  commit: PartCommit,
  signal: Signal,
  features: string | null,
): Promise<number> {
  const { rows } = await client.query<{ id: number }>(
    `INSERT INTO dw.fact_strategy_signals (run_id, strategy_id, symbol, bar_time, timestamp_utc, signal, side, confidence, size,
       entry_price, stop_loss, take_profit, risk_usd, reasoning, mode, origin, not_traded, score, round_trip_cost_bps,
       breakeven_hit_rate, features, provenance_id, state_hash, data_watermark, opinion)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'plugin', $16, $17, $18, $19, $20::float8[], $21, $22, $23, $24)
     RETURNING signal_id AS id`,
    [
      commit.runId ?? 'live',
      commit.strategyId,
      commit.symbol,
      at(signal.barTime),
      at(signal.timestamp),
      signal.signal,
      signal.side,
      signal.confidence,
      signal.size,
      ownPrice(signal),
      signal.stopLoss,
      signal.takeProfit,
      signal.riskUsd,
      signal.reasoning,
      commit.mode,
      signal.notTraded,
      signal.score,
      signal.roundTripCostBps,
      signal.breakevenHitRate,
      features,
      commit.provenanceId,
      commit.stateHash ?? null,
      commit.dataWatermark === undefined ? null : at(commit.dataWatermark),
      JSON.stringify(commit.part.opinion),
    ],
  );
  return rows[0]!.id;
}

async function storeNoSignal(client: Queryable, commit: PartCommit, none: NoSignal): Promise<null> {
  await client.query(
    `INSERT INTO dw.fact_no_signal (run_id, strategy_id, symbol, bar_time, timestamp_utc, code, detail, mode, opinion)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      commit.runId ?? 'live',
      commit.strategyId,
      commit.symbol,
      at(none.barTime),
      at(none.timestamp),
      none.code,
      none.detail,
      commit.mode,
      JSON.stringify(commit.part.opinion),
    ],
  );
  return null;
}

async function storeFill(
  client: Queryable,
  key: readonly [string, number, string],
  barTime: number,
  fill: Fill,
): Promise<void> {
  if (fill.action === 'open') {
    await client.query(
      `INSERT INTO dw.fact_strategy_positions (run_id, strategy_id, symbol, side, quantity, entry_price, entry_time, status,
         unrealized_pnl, size, stop_loss, take_profit, fees, signal_bar_time, entry_bar_time)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', 0, $8, $9, $10, $11, $12, $13)`,
      [
        ...key,
        fill.side,
        fill.quantity,
        fill.price,
        at(fill.time),
        fill.position?.size ?? null,
        fill.position?.stopLoss ?? null,
        fill.position?.takeProfit ?? null,
        fill.fee,
        fill.position ? at(fill.position.signalBarTime) : null,
        at(barTime),
      ],
    );
    return;
  }
  const { rowCount } = await client.query(
    `UPDATE dw.fact_strategy_positions SET status = 'closed', exit_price = $5, exit_time = $6, realized_pnl = $7, unrealized_pnl = 0,
       fees = fees + $8, close_reason = $9, exit_bar_time = $10
     WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND entry_time = $4 AND status = 'open'`,
    [...key, at(fill.entryTime), fill.price, at(fill.time), fill.realizedPnl, fill.fee, fill.reason, at(barTime)],
  );
  if (rowCount !== 1) throw lostPosition(key, fill.entryTime);
}

/** Removed or taken by somebody else since it was read. */
export const lostSignal = (signalId: number): SignalboxError =>
  new SignalboxError(
    'INTERNAL',
    `signal ${signalId} was read, and is gone or booked now`,
    'Nothing is to be done: the host reads what is stored and goes on from there.',
  );

export const lostPosition = (key: readonly [string, number, string], entryTime: number): SignalboxError =>
  new SignalboxError(
    'INTERNAL',
    `run ${key[0]}, strategy ${key[1]}, ${key[2]}: the book closes a position of ${at(entryTime)} that is not open in the database`,
    'Restart the host: it goes on from the stored state. If it happens again, report it.',
  );

/** One day of one strategy; a repeat overwrites. */
export async function storePerformance(
  client: Queryable,
  runId: string,
  strategyId: number,
  day: DailyPerformance,
): Promise<void> {
  await client.query(
    `INSERT INTO dw.fact_strategy_performance (run_id, strategy_id, date_cot, daily_return_pct, sharpe_ratio, sortino_ratio,
       max_drawdown_pct, n_trades, win_rate) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (run_id, strategy_id, date_cot) DO UPDATE SET daily_return_pct = excluded.daily_return_pct,
       sharpe_ratio = excluded.sharpe_ratio, sortino_ratio = excluded.sortino_ratio, max_drawdown_pct = excluded.max_drawdown_pct,
       n_trades = excluded.n_trades, win_rate = excluded.win_rate, recorded_at = now()`,
    [
      runId,
      strategyId,
      day.date,
      day.dailyReturnPct,
      day.sharpeRatio,
      day.sortinoRatio,
      day.maxDrawdownPct,
      day.trades,
      day.winRate,
    ],
  );
}

/** Something to tell the operator; an event when the run is `live`. */
export interface AlertRecord {
  readonly runId?: string;
  readonly strategyId?: number;
  readonly symbol?: string;
  readonly code: Alert['code'] | (string & {});
  readonly severity: 'info' | 'warning' | 'critical';
  readonly message: string;
  /** Market time, epoch milliseconds. */
  readonly time: number;
}

export async function storeAlert(db: Queryable, alert: AlertRecord): Promise<void> {
  await db.query(
    `INSERT INTO dw.alerts (run_id, strategy_id, symbol, code, severity, message, timestamp_utc) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      alert.runId ?? 'live',
      alert.strategyId ?? null,
      alert.symbol ?? null,
      alert.code,
      alert.severity,
      alert.message,
      at(alert.time),
    ],
  );
}
