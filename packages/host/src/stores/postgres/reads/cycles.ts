import { at, ms, num, type Database } from './database.js';
import { SIGNAL_FIELDS, type SignalRow } from './signals.js';

/** The live signals of one bar, in order of code. */
export async function cycleSignals(db: Database, symbol: string, barTime: number): Promise<SignalRow[]> {
  const { rows } = await db.query<SignalRow>(
    `SELECT ${SIGNAL_FIELDS} FROM dw.fact_strategy_signals s JOIN dw.dim_strategy d USING (strategy_id)
     WHERE s.run_id = 'live' AND s.symbol = $1 AND s.bar_time = ${at('$2')} ORDER BY d.strategy_code`,
    [symbol, barTime],
  );
  return rows;
}

/** How long live bars took, milliseconds since the host noticed the stored bar. */
export interface CycleLatency {
  /** Null for all strategies together. */
  readonly code: string | null;
  readonly type: string | null;
  /** Decisions, and those of them whose signal's publication was measured. */
  readonly decisions: number;
  readonly published: number;
  readonly answeredP50: number | null;
  readonly answeredP99: number | null;
  readonly committedP50: number | null;
  readonly committedP99: number | null;
  readonly publishedP50: number | null;
  readonly publishedP99: number | null;
  readonly publishedMax: number | null;
}

/**
 * Percentiles of the cycles noticed in [`from`, `to`] (wall time, epoch milliseconds): a row for each strategy, and one
 * without a code for all of them but those of type LLM, which wait for a service of others.
 */
export async function cycleLatency(db: Database, symbol: string, from: number, to: number): Promise<CycleLatency[]> {
  const p = (share: number, column: string, as: string): string =>
    `percentile_cont(${share}) WITHIN GROUP (ORDER BY ${column}) AS "${as}"`;
  const { rows } = await db.query<CycleLatency>(
    `SELECT d.strategy_code AS code, max(d.strategy_type) AS type, count(*)::float8 AS decisions,
       count(published_ms)::float8 AS published,
       ${p(0.5, 'answered_ms', 'answeredP50')}, ${p(0.99, 'answered_ms', 'answeredP99')},
       ${p(0.5, 'committed_ms', 'committedP50')}, ${p(0.99, 'committed_ms', 'committedP99')},
       ${p(0.5, 'published_ms', 'publishedP50')}, ${p(0.99, 'published_ms', 'publishedP99')},
       max(published_ms) AS "publishedMax"
     FROM dw.cycle_timings t JOIN dw.dim_strategy d USING (strategy_id)
     WHERE t.symbol = $1 AND t.noticed_at >= ${at('$2')} AND t.noticed_at <= ${at('$3')}
     GROUP BY GROUPING SETS ((d.strategy_code), (d.strategy_type = 'LLM'))
     HAVING grouping(d.strategy_code) = 0 OR NOT bool_or(d.strategy_type = 'LLM')
     ORDER BY d.strategy_code NULLS FIRST`,
    [symbol, from, to],
  );
  return rows.map((row) => (row.code === null ? { ...row, type: null } : row));
}

/** Due bars of a window by what became of them. */
export interface CycleCounts {
  readonly done: number;
  /** Of `done`: those decided upon more than one bar late. */
  readonly caughtUp: number;
  readonly missed: number;
  /** Missed, and stored afterwards. */
  readonly late: number;
}

/** Open times in [`from`, `to`], market time, epoch milliseconds. */
export async function cycleCounts(db: Database, symbol: string, from: number, to: number): Promise<CycleCounts> {
  const { rows } = await db.query<CycleCounts>(
    `SELECT count(*) FILTER (WHERE status = 'done')::float8 AS done,
       count(*) FILTER (WHERE status = 'done' AND mode = 'catch_up')::float8 AS "caughtUp",
       count(*) FILTER (WHERE status = 'missed')::float8 AS missed, count(*) FILTER (WHERE status = 'late')::float8 AS late
     FROM dw.cycles WHERE symbol = $1 AND bar_time >= ${at('$2')} AND bar_time <= ${at('$3')}`,
    [symbol, from, to],
  );
  return rows[0]!;
}

/** A suspect bar that reverted within three bars. */
export interface BadTickRow {
  readonly barTime: number;
  /** Log return. */
  readonly move: number;
  /** Open time of the bar that showed it. */
  readonly revertedAt: number;
}

/** Open times in [`from`, `to`], newest first. */
export async function badTicks(
  db: Database,
  symbol: string,
  from: number,
  to: number,
  limit = 100,
): Promise<BadTickRow[]> {
  const { rows } = await db.query<BadTickRow>(
    `SELECT ${ms('bar_time', 'barTime')}, ${num('move', 'move')}, ${ms('reverted_at', 'revertedAt')} FROM dw.bad_ticks
     WHERE symbol = $1 AND bar_time >= ${at('$2')} AND bar_time <= ${at('$3')} ORDER BY bar_time DESC LIMIT $4`,
    [symbol, from, to, limit],
  );
  return rows;
}

/** 99th percentiles of one strategy's live decisions, milliseconds; null without any. */
export interface DecisionLatency {
  readonly inferences: number;
  /** From question to answer. */
  readonly inferenceP99: number | null;
  readonly published: number;
  /** From noticing the stored bar to the publication of the signal. */
  readonly publishedP99: number | null;
}

/** Of the cycles noticed from `from` on (wall time, epoch milliseconds). */
export async function decisionLatency(
  db: Database,
  strategyId: number,
  symbol: string,
  from: number,
): Promise<DecisionLatency> {
  const inference = `answered_ms - extract(epoch FROM asked_at - noticed_at)::float8 * 1000`;
  const p99 = (of: string): string =>
    `round((percentile_cont(0.99) WITHIN GROUP (ORDER BY ${of}))::numeric, 3)::float8`;
  const { rows } = await db.query<DecisionLatency>(
    `SELECT count(${inference})::float8 AS inferences, ${p99(inference)} AS "inferenceP99",
       count(published_ms)::float8 AS published, ${p99('published_ms')} AS "publishedP99"
     FROM dw.cycle_timings WHERE strategy_id = $1 AND symbol = $2 AND noticed_at >= ${at('$3')}`,
    [strategyId, symbol, from],
  );
  return rows[0]!;
}
