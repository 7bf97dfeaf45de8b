import type { Fill, Signal } from '@signalbox/core';
import type { Client, Pool } from 'pg';
import { at, copyRows, floats, type CopyValue } from './copy.js';
import { lostPosition, ownPrice, storePerformance, type DecisionMode, type PartCommit } from './decisions.js';
import { withBulkTransaction } from './pool.js';
import { holdRun } from './runs.js';

/** What the parts of one batch have in common. */
export interface BatchOf {
  readonly runId: string;
  readonly mode: Exclude<DecisionMode, 'live' | 'catch_up'>;
  readonly symbol: string;
  /** Nothing is written once the run has ended: a backtest that was taken for abandoned. */
  readonly heldOpen?: boolean;
}

export type BatchedPart = Omit<PartCommit, 'runId' | 'mode' | 'symbol'>;

type Row = CopyValue[];
interface Encoded {
  readonly strategyId: number;
  readonly barTime: number;
  readonly signal: Row | null;
  readonly none: Row | null;
  readonly equity: Row;
  readonly source: BatchedPart;
  readonly book: string | null;
}

const NOT_TRADED = 13;
const SIGNAL_COLUMNS = `run_id, strategy_id, symbol, bar_time, timestamp_utc, signal, side, confidence, size, entry_price, stop_loss,
  take_profit, risk_usd, not_traded, reasoning, mode, origin, score, round_trip_cost_bps, breakeven_hit_rate, features, provenance_id,
  state_hash, data_watermark, simulated`;

/**
 * Commits many parts in one transaction and without events: sessions that run unwatched, backtests. Parts come in order of
 * time; those at or before a strategy's stored bar are left out, so that a batch can be repeated. All that the pipeline may
 * change afterwards is read before the first wait. Returns how many were written.
 */
export async function commitBatch(pool: Pool, of: BatchOf, parts: readonly BatchedPart[]): Promise<number> {
  const encoded = encode(of, parts);
  if (encoded.length === 0) return 0;
  return withBulkTransaction(
    pool,
    async (client) => {
      if (of.heldOpen) await holdRun(client, of.runId);
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`batch ${of.runId} ${of.symbol}`]);
      const { rows } = await client.query<{ id: number; barTime: number }>(
        `SELECT strategy_id AS id, bar_time AS "barTime" FROM dw.strategy_state WHERE run_id = $1 AND symbol = $2 FOR UPDATE`,
        [of.runId, of.symbol],
      );
      const stands = new Map(rows.map((row) => [row.id, row.barTime]));
      const fresh = encoded.filter((part) => part.barTime > (stands.get(part.strategyId) ?? -Infinity));
      if (fresh.length === 0) return 0;
      const simulated = (await client.query<{ simulated: boolean }>('SELECT dw.is_simulated() AS simulated')).rows[0]!
        .simulated;
      await applyRefusals(client, of, fresh);
      await storeFills(client, of, fresh, simulated);
      const withWorld = function* (pick: (part: Encoded) => Row | null): Generator<Row> {
        for (const part of fresh) {
          const row = pick(part);
          if (row) yield [...row, simulated];
        }
      };
      await copyRows(
        client,
        `dw.fact_strategy_signals (${SIGNAL_COLUMNS})`,
        withWorld((part) => part.signal),
      );
      await copyRows(
        client,
        'dw.fact_no_signal (run_id, strategy_id, symbol, bar_time, timestamp_utc, code, detail, mode, simulated)',
        withWorld((part) => part.none),
      );
      await copyRows(
        client,
        `dw.fact_equity_curve (run_id, strategy_id, symbol, bar_time, timestamp_utc, equity_value, unrealized_pnl,
           return_since_start_pct, current_drawdown_pct, simulated)`,
        withWorld((part) => part.equity),
      );
      await copyRows(
        client,
        'dw.alerts (run_id, strategy_id, symbol, code, severity, message, timestamp_utc, simulated)',
        (function* () {
          for (const { strategyId, source } of fresh)
            for (const { code, severity, message } of source.part.alerts)
              yield [
                of.runId,
                strategyId,
                of.symbol,
                code,
                severity,
                message,
                at(source.part.outcome.timestamp),
                simulated,
              ];
        })(),
      );
      for (const { strategyId, source } of fresh)
        for (const day of source.performance ?? []) await storePerformance(client, of.runId, strategyId, day);
      for (const part of fresh)
        if (part.book !== null)
          await client.query(
            `INSERT INTO dw.strategy_state (run_id, strategy_id, symbol, bar_time, book, plugin) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run_id, strategy_id, symbol) DO UPDATE SET bar_time = excluded.bar_time, book = excluded.book,
               plugin = excluded.plugin, recorded_at = now()`,
            [
              of.runId,
              part.strategyId,
              of.symbol,
              at(part.barTime),
              part.book,
              part.source.plugin === undefined ? null : JSON.stringify(part.source.plugin),
            ],
          );
      return fresh.length;
    },
    { silent: true },
  );
}

/** Rows as they will be written. Only the last part of a strategy keeps its book: it is the state after the batch. */
function encode({ runId, mode, symbol }: BatchOf, parts: readonly BatchedPart[]): Encoded[] {
  const last = new Map(parts.map((part) => [part.strategyId, part]));
  const stamps = new Map<number, string>();
  const stamp = (t: number): string => {
    let text = stamps.get(t);
    if (text === undefined) stamps.set(t, (text = at(t)));
    return text;
  };
  return parts.map((source): Encoded => {
    const { strategyId, part } = source;
    const { outcome, mark } = part;
    const key = [runId, strategyId, symbol, stamp(part.barTime), stamp(outcome.timestamp)];
    return {
      strategyId,
      barTime: part.barTime,
      signal: outcome.kind === 'signal' ? [...key, ...signalRow(source, outcome, mode)] : null,
      none: outcome.kind === 'none' ? [...key, outcome.code, outcome.detail, mode] : null,
      equity: [...key, mark.equity, mark.unrealizedPnl, mark.returnSinceStartPct, mark.currentDrawdownPct],
      source,
      book: last.get(strategyId) === source ? JSON.stringify(part.book) : null,
    };
  });
}

const signalRow = (source: BatchedPart, signal: Signal, mode: string): Row => [
  signal.signal,
  signal.side,
  signal.confidence,
  signal.size,
  ownPrice(signal),
  signal.stopLoss,
  signal.takeProfit,
  signal.riskUsd,
  signal.notTraded, // NOT_TRADED, behind the five columns of the key
  signal.reasoning,
  mode,
  'plugin',
  signal.score,
  signal.roundTripCostBps,
  signal.breakevenHitRate,
  source.features && floats(source.features),
  source.provenanceId,
  source.stateHash ?? null,
  source.dataWatermark === undefined ? null : at(source.dataWatermark),
];

/** A refusal comes with the bar after its signal: mostly in this batch, seldom in the one before. */
async function applyRefusals(client: Client, of: BatchOf, parts: readonly Encoded[]): Promise<void> {
  const here = new Map<string, Row>();
  for (const part of parts) if (part.signal) here.set(`${part.strategyId} ${part.barTime}`, part.signal);
  for (const { strategyId, source } of parts) {
    const refused = source.part.refused;
    if (!refused) continue;
    const row = here.get(`${strategyId} ${refused.signalBarTime}`);
    if (row) row[NOT_TRADED] = refused.reason;
    else
      await client.query(
        `UPDATE dw.fact_strategy_signals SET not_traded = $5 WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND bar_time = $4`,
        [of.runId, strategyId, of.symbol, at(refused.signalBarTime), refused.reason],
      );
  }
}

interface PositionRow {
  readonly open: Fill;
  readonly openBar: number;
  close: Fill | null;
  closeBar: number | null;
}

async function storeFills(client: Client, of: BatchOf, parts: readonly Encoded[], simulated: boolean): Promise<void> {
  const positions = new Map<string, PositionRow>();
  const lastOf = new Map<number, Encoded>();
  for (const part of parts) {
    lastOf.set(part.strategyId, part);
    for (const fill of part.source.part.fills) {
      const key = `${part.strategyId} ${fill.entryTime}`;
      const known = positions.get(key);
      if (fill.action === 'open')
        positions.set(key, { open: fill, openBar: part.barTime, close: null, closeBar: null });
      else if (known) {
        known.close = fill;
        known.closeBar = part.barTime;
      } else {
        const { rowCount } = await client.query(
          `UPDATE dw.fact_strategy_positions SET status = 'closed', exit_price = $5, exit_time = $6, realized_pnl = $7,
             unrealized_pnl = 0, fees = fees + $8, close_reason = $9, exit_bar_time = $10
           WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND entry_time = $4 AND status = 'open'`,
          [
            of.runId,
            part.strategyId,
            of.symbol,
            at(fill.entryTime),
            fill.price,
            at(fill.time),
            fill.realizedPnl,
            fill.fee,
            fill.reason,
            at(part.barTime),
          ],
        );
        if (rowCount !== 1) throw lostPosition([of.runId, part.strategyId, of.symbol], fill.entryTime);
      }
    }
  }
  await copyRows(
    client,
    `dw.fact_strategy_positions (run_id, strategy_id, symbol, side, quantity, entry_price, entry_time, status, exit_price, exit_time,
       realized_pnl, unrealized_pnl, size, stop_loss, take_profit, fees, close_reason, signal_bar_time, entry_bar_time, exit_bar_time,
       simulated)`,
    (function* () {
      for (const [key, { open, openBar, close, closeBar }] of positions) {
        const strategyId = Number(key.slice(0, key.indexOf(' ')));
        yield [
          of.runId,
          strategyId,
          of.symbol,
          open.side,
          open.quantity,
          open.price,
          at(open.time),
          close ? 'closed' : 'open',
          close?.price ?? null,
          close ? at(close.time) : null,
          close?.realizedPnl ?? null,
          close ? 0 : lastOf.get(strategyId)!.source.part.mark.unrealizedPnl,
          open.position?.size ?? null,
          open.position?.stopLoss ?? null,
          open.position?.takeProfit ?? null,
          // two amounts of cents: their sum in cents
          ((Math.round(open.fee * 100) + Math.round((close?.fee ?? 0) * 100)) / 100).toFixed(2),
          close?.reason ?? null,
          open.position ? at(open.position.signalBarTime) : null,
          at(openBar),
          closeBar === null ? null : at(closeBar),
          simulated,
        ];
      }
    })(),
  );
  for (const [strategyId, { source }] of lastOf)
    if (source.part.position)
      await client.query(
        `UPDATE dw.fact_strategy_positions SET unrealized_pnl = $4
         WHERE run_id = $1 AND strategy_id = $2 AND symbol = $3 AND status = 'open' AND unrealized_pnl IS DISTINCT FROM $4`,
        [of.runId, strategyId, of.symbol, source.part.mark.unrealizedPnl],
      );
}
