import type { Given, NoSignal, Opinion, Signal } from '@signalbox/core';
import { at } from './copy.js';
import type { Queryable } from './pool.js';

/** A stored signal of a strategy that runs elsewhere, before the book has heard of it. */
export interface ExternalSignal {
  readonly signalId: number;
  readonly code: string;
  readonly strategyId: number;
  readonly barTime: number;
  /** Wall time. */
  readonly recordedAt: number;
  readonly opinion: Opinion;
}

interface Row {
  readonly signalId: number;
  readonly code: string;
  readonly strategyId: number;
  readonly barTime: number;
  readonly recordedAt: number;
  readonly signal: 'long' | 'short' | 'flat' | 'close';
  readonly side: Given['side'] | null;
  readonly confidence: number | null;
  readonly size: number | null;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  readonly score: number | null;
  readonly reasoning: string | null;
}

/** Signals of active strategies without package that no book has heard of, in order of time. */
export async function readUnbooked(db: Queryable, symbol: string): Promise<ExternalSignal[]> {
  const { rows } = await db.query<Row>(
    `SELECT s.signal_id AS "signalId", d.strategy_code AS code, s.strategy_id AS "strategyId", s.bar_time AS "barTime",
       s.recorded_at AS "recordedAt", s.signal, s.side, s.confidence, s.size, s.stop_loss AS "stopLoss",
       s.take_profit AS "takeProfit", s.score, s.reasoning
     FROM dw.fact_strategy_signals s JOIN dw.dim_strategy d USING (strategy_id)
     WHERE s.symbol = $1 AND s.run_id = 'live' AND s.origin = 'external' AND s.booked_at IS NULL
       AND d.package IS NULL AND d.is_active
     ORDER BY s.bar_time, s.signal_id LIMIT 1000`,
    [symbol],
  );
  return rows.map((row) => ({
    signalId: row.signalId,
    code: row.code,
    strategyId: row.strategyId,
    barTime: row.barTime,
    recordedAt: row.recordedAt,
    opinion: opinionOf(row),
  }));
}

/** A source that says no confidence says yes or no, and means it: it is sized as one of confidence 1. */
function opinionOf(row: Row): Opinion {
  const reasoning = row.reasoning ?? '';
  if (row.signal === 'flat' || row.signal === 'close')
    return { signal: row.signal, reasoning, ...(row.confidence === null ? {} : { confidence: row.confidence }) };
  const { side, size, stopLoss, takeProfit } = row;
  return {
    signal: row.signal,
    confidence: row.confidence ?? 1,
    reasoning,
    ...(row.score === null ? {} : { score: row.score }),
    given: {
      ...(side === null ? {} : { side: side! }),
      ...(size === null ? {} : { size }),
      ...(stopLoss === null ? {} : { stopLoss }),
      ...(takeProfit === null ? {} : { takeProfit }),
    },
  };
}

/**
 * Writes beside a signal what the book made of it: what its source left out is filled in, what it gave stands. Once only.
 * @returns whether it was there and had not been booked
 */
export async function bookSignal(
  db: Queryable,
  signalId: number,
  opinion: Opinion,
  outcome: Signal | NoSignal,
  mode: string,
): Promise<boolean> {
  if (outcome.kind === 'none') return leaveSignal(db, signalId, outcome.code, mode);
  const directed = outcome.signal === 'long' || outcome.signal === 'short';
  const { rowCount } = await db.query(
    `UPDATE dw.fact_strategy_signals SET side = coalesce(side, $2), size = coalesce(size, $3),
       entry_price = coalesce(entry_price, $4), stop_loss = coalesce(stop_loss, $5), take_profit = coalesce(take_profit, $6),
       risk_usd = coalesce(risk_usd, $7), score = coalesce(score, $8), round_trip_cost_bps = $9, breakeven_hit_rate = $10,
       not_traded = $11, opinion = $12, mode = $13, booked_at = now()
     WHERE signal_id = $1 AND booked_at IS NULL`,
    [
      signalId,
      outcome.side,
      outcome.size,
      directed ? outcome.entryPrice : null,
      outcome.stopLoss,
      outcome.takeProfit,
      outcome.riskUsd,
      outcome.score,
      outcome.roundTripCostBps,
      outcome.breakevenHitRate,
      outcome.notTraded,
      JSON.stringify(opinion),
      mode,
    ],
  );
  return rowCount === 1;
}

/** Says why a signal is not traded. Nothing else of it changes. */
export async function leaveSignal(db: Queryable, signalId: number, reason: string, mode = 'live'): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE dw.fact_strategy_signals SET not_traded = $2, mode = $3, booked_at = now() WHERE signal_id = $1 AND booked_at IS NULL',
    [signalId, reason, mode],
  );
  return rowCount === 1;
}

/** What somebody outside says of one bar, checked. Prices have 6 decimals, size and confidence 4. */
export interface Delivery {
  readonly strategyId: number;
  readonly symbol: string;
  readonly barTime: number;
  /** Completion of the bar. */
  readonly timestamp: number;
  readonly signal: 'long' | 'short' | 'flat' | 'close';
  readonly confidence: number | null;
  readonly size: number | null;
  readonly stopLoss: number | null;
  readonly takeProfit: number | null;
  readonly reasoning: string;
}

/** @returns the id of the new row; undefined when the strategy has a signal for that bar */
export async function insertSignal(db: Queryable, delivery: Delivery): Promise<number | undefined> {
  const { rows } = await db.query<{ id: number }>(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, symbol, bar_time, timestamp_utc, signal, confidence, size, stop_loss,
       take_profit, reasoning) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (run_id, strategy_id, symbol, bar_time) DO NOTHING RETURNING signal_id AS id`,
    [
      delivery.strategyId,
      delivery.symbol,
      at(delivery.barTime),
      at(delivery.timestamp),
      delivery.signal,
      delivery.confidence,
      delivery.size,
      delivery.stopLoss,
      delivery.takeProfit,
      delivery.reasoning,
    ],
  );
  return rows[0]?.id;
}

export async function isBooked(db: Queryable, signalId: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'SELECT 1 FROM dw.fact_strategy_signals WHERE signal_id = $1 AND booked_at IS NOT NULL',
    [signalId],
  );
  return rowCount === 1;
}
