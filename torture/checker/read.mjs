// What a run has left in PostgreSQL and Redis, as text: nothing passes through a float or through the host's code.

const MS = (column) => `(extract(epoch FROM ${column}) * 1000)::bigint::text`;
/** Commit time of the row's newest version in microseconds; the server keeps it (track_commit_timestamp). */
const COMMITTED = `(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint::text AS committed`;

const QUERIES = {
  strategies: `SELECT strategy_id AS id, strategy_code AS code, initial_equity::text AS initial FROM dw.dim_strategy
    WHERE is_active ORDER BY strategy_code`,
  bars: `SELECT ${MS('time')} AS time, open::text, high::text, low::text, close::text, ${COMMITTED} FROM usdcop_m5_ohlcv ORDER BY time`,
  signals: `SELECT signal_id::text AS id, strategy_id AS strategy, ${MS('bar_time')} AS time, ${MS('timestamp_utc')} AS stamp, signal,
      side, confidence::text, size::text, entry_price::text AS entry, stop_loss::text AS stop, take_profit::text AS target,
      risk_usd::text AS risk, reasoning, mode, origin, not_traded AS "notTraded", score::text, round_trip_cost_bps::text AS cost,
      breakeven_hit_rate::text AS breakeven, features::text, state_hash AS "stateHash", ${MS('data_watermark')} AS watermark,
      opinion::text, p.fingerprint
    FROM dw.fact_strategy_signals LEFT JOIN dw.provenance p USING (provenance_id) WHERE run_id = 'live' ORDER BY strategy_id, bar_time, signal_id`,
  none: `SELECT strategy_id AS strategy, ${MS('bar_time')} AS time, ${MS('timestamp_utc')} AS stamp, code, detail, mode, opinion::text
    FROM dw.fact_no_signal WHERE run_id = 'live' ORDER BY strategy_id, bar_time, no_signal_id`,
  equity: `SELECT strategy_id AS strategy, ${MS('bar_time')} AS time, ${MS('timestamp_utc')} AS stamp, equity_value::text AS equity,
      unrealized_pnl::text AS unrealized, return_since_start_pct::text AS "returnPct", current_drawdown_pct::text AS "drawdownPct", ${COMMITTED}
    FROM dw.fact_equity_curve WHERE run_id = 'live' ORDER BY strategy_id, bar_time, equity_id`,
  positions: `SELECT position_id::text AS id, strategy_id AS strategy, side, quantity::text, entry_price::text AS entry,
      ${MS('entry_time')} AS "entryTime", exit_price::text AS exit, ${MS('exit_time')} AS "exitTime", status, realized_pnl::text AS realized,
      unrealized_pnl::text AS unrealized, size::text, stop_loss::text AS stop, take_profit::text AS target, fees::text,
      close_reason AS reason, ${MS('signal_bar_time')} AS "signalBar", ${MS('entry_bar_time')} AS "entryBar", ${MS('exit_bar_time')} AS "exitBar"
    FROM dw.fact_strategy_positions WHERE run_id = 'live' ORDER BY strategy_id, entry_time, position_id`,
  alerts: `SELECT alert_id::text AS id, strategy_id AS strategy, code, severity, message, ${MS('timestamp_utc')} AS time
    FROM dw.alerts WHERE run_id = 'live' ORDER BY alert_id`,
  performance: `SELECT strategy_id AS strategy, date_cot::text AS date, daily_return_pct::text AS "dailyReturn", sharpe_ratio::text AS sharpe,
      sortino_ratio::text AS sortino, max_drawdown_pct::text AS "maxDrawdown", n_trades AS trades, win_rate::text AS "winRate"
    FROM dw.fact_strategy_performance WHERE run_id = 'live' ORDER BY strategy_id, date_cot`,
  states: `SELECT strategy_id AS strategy, ${MS('bar_time')} AS time, book::text, plugin::text FROM dw.strategy_state
    WHERE run_id = 'live' ORDER BY strategy_id`,
  features: `SELECT ${MS('time')} AS time, values::text FROM dw.feature_values ORDER BY time`,
  cycles: `SELECT ${MS('bar_time')} AS time, status, mode, decisions FROM dw.cycles ORDER BY bar_time`,
  events: `SELECT id::text, seq::text, type, ${MS('time')} AS time, xmin::text AS publication, payload FROM dw.events ORDER BY events.seq, events.id`,
  world: `SELECT seq_base::text AS base FROM dw.world`,
};

const COUNTED = new Set(['time', 'stamp', 'entryTime', 'exitTime', 'signalBar', 'entryBar', 'exitBar', 'watermark']);

/** All that the rules look at. `client` is a connected client of `pg`. */
export async function readRecord(client) {
  const record = {};
  // one snapshot: nothing moves between two of the questions
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  for (const [name, sql] of Object.entries(QUERIES)) {
    const { rows } = await client.query(sql);
    for (const row of rows)
      for (const key of Object.keys(row)) if (COUNTED.has(key) && row[key] !== null) row[key] = Number(row[key]);
    record[name] = rows;
  }
  await client.query('COMMIT');
  return record;
}

const STREAMS = ['trading:signals', 'trading:prices', 'trading:positions', 'trading:alerts'];

/** Every entry of the streams, oldest first. `redis` is a connected client of `ioredis`. */
export async function readStreams(redis) {
  const streams = {};
  for (const name of STREAMS) {
    const rows = await redis.xrange(name, '-', '+');
    streams[name] = rows.map(([id, fields]) => {
      const entry = { id };
      for (let i = 0; i < fields.length; i += 2) entry[fields[i]] = fields[i + 1];
      return entry;
    });
  }
  return streams;
}
