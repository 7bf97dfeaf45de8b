import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase, type TestDatabase } from '../postgres.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase({ world: 'market' });
});

const code = (sql: string): Promise<string> =>
  db.pool.query(sql).then(
    () => 'accepted',
    (error: { code?: string }) => String(error.code),
  );
const CHECK = '23514';

describe('the schema of the reference', () => {
  it('its 5.1 INSERT works as written', async () => {
    await db.pool.query(`INSERT INTO dw.dim_strategy (
    strategy_code,
    strategy_name,
    strategy_type,
    description,
    initial_equity,
    is_active
) VALUES (
    'ML_NEW',
    'New ML Model',
    'ML',
    'Description of new model',
    10000.00,
    TRUE
);`);
    const { rows } = await db.pool.query('SELECT * FROM dw.dim_strategy WHERE is_active = TRUE');
    expect(rows).toMatchObject([{ strategy_code: 'ML_NEW', initial_equity: 10_000, package: null, parameters: {} }]);
  });

  it('an INSERT that names only the columns of section 4 works on every table', async () => {
    const id = (await db.pool.query<{ id: number }>(`SELECT strategy_id AS id FROM dw.dim_strategy`)).rows[0]!.id;
    for (const sql of [
      `INSERT INTO usdcop_m5_ohlcv (time, symbol, open, high, low, close, volume, source)
       VALUES ('2025-01-02T13:00Z', 'USD/COP', 4250, 4260, 4240, 4255.5, 0, 'twelvedata')`,
      `INSERT INTO macro_indicators_daily (date, dxy, vix, embi, brent) VALUES ('2025-01-02', 108.1, 17.35, 322, 75.9)`,
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, size, entry_price, stop_loss,
         take_profit, risk_usd, reasoning)
       VALUES (${id}, '2025-01-02T13:05Z', 'long', 'buy', 0.85, 0.25, 4250, 4200, 4350, 50, 'Bullish momentum')`,
      `INSERT INTO dw.fact_equity_curve (strategy_id, timestamp_utc, equity_value, return_since_start_pct, current_drawdown_pct)
       VALUES (${id}, '2025-01-02T13:05Z', 10000, 0, 0)`,
      `INSERT INTO dw.fact_strategy_performance (strategy_id, date_cot, daily_return_pct, sharpe_ratio, sortino_ratio, max_drawdown_pct,
         n_trades, win_rate) VALUES (${id}, '2025-01-02', 0.1, NULL, NULL, 0.2, 3, 0.6667)`,
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, exit_price, exit_time, status,
         realized_pnl, unrealized_pnl) VALUES (${id}, 'long', 2500, 4250, '2025-01-02T13:05Z', NULL, NULL, 'open', NULL, 0)`,
    ])
      await db.pool.query(sql);
  });

  it('timestamp_utc is the completion of the bar: bar_time stands 5 minutes before it, on the grid', async () => {
    const id = (await db.pool.query<{ id: number }>(`SELECT strategy_id AS id FROM dw.dim_strategy`)).rows[0]!.id;
    const insert = (t: string): Promise<{ rows: { bar: number }[] }> =>
      db.pool.query(
        `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES ($1, $2, 'flat') RETURNING bar_time AS bar`,
        [id, t],
      );
    expect((await insert('2025-01-02T13:10Z')).rows[0]!.bar).toBe(Date.UTC(2025, 0, 2, 13, 5));
    expect((await insert('2025-01-02T13:17:03Z')).rows[0]!.bar).toBe(Date.UTC(2025, 0, 2, 13, 10));
  });

  it.each([
    [
      'strategy_type',
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('X', 'X', 'MAGIC')`,
    ],
    ['signal', `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, now(), 'buy')`],
    [
      'side',
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side) VALUES (1, now(), 'long', 'long')`,
    ],
    [
      'confidence',
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, confidence) VALUES (1, now(), 'long', 1.0001)`,
    ],
    [
      'confidence NaN',
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, confidence) VALUES (1, now(), 'long', 'NaN')`,
    ],
    [
      'size',
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, size) VALUES (1, now(), 'long', -0.1)`,
    ],
    [
      'entry_price NaN',
      `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, entry_price) VALUES (1, now(), 'long', 'NaN')`,
    ],
    [
      'position side',
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time) VALUES (1, 'buy', 1, 1, now())`,
    ],
    [
      'status',
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, status) VALUES (1, 'long', 1, 1, now(), 'done')`,
    ],
    [
      'closed without exit',
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, status) VALUES (1, 'long', 1, 1, now(), 'closed')`,
    ],
    [
      'win_rate',
      `INSERT INTO dw.fact_strategy_performance (strategy_id, date_cot, win_rate) VALUES (1, '2025-01-03', 1.5)`,
    ],
    ['role', `INSERT INTO users (email, password_hash, role) VALUES ('a@b', 'x', 'root')`],
    [
      'high below close',
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-01-02T13:30Z', 4250, 4251, 4240, 4255)`,
    ],
    [
      'NaN bar',
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close) VALUES ('2025-01-02T13:30Z', 'NaN', 'NaN', 'NaN', 'NaN')`,
    ],
    [
      'negative volume',
      `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume) VALUES ('2025-01-02T13:30Z', 1, 1, 1, 1, -1)`,
    ],
    ['NaN macro', `INSERT INTO macro_indicators_daily (date, m2) VALUES ('2025-01-04', 'NaN')`],
  ])('refuses a value outside the list or range of %s', async (_what, sql) => {
    expect(await code(sql)).toBe(CHECK);
  });

  it('37 macro columns of 4 decimals, fecha generated from date', async () => {
    const { rows } = await db.pool.query<{ precision: number; scale: number }>(
      `SELECT numeric_precision AS precision, numeric_scale AS scale FROM information_schema.columns
       WHERE table_name = 'macro_indicators_daily' AND data_type = 'numeric'`,
    );
    expect(rows).toHaveLength(37);
    expect(rows.every((row) => row.scale === 4 && [10, 14].includes(row.precision))).toBe(true);
    const dates = await db.pool.query(`SELECT date, fecha FROM macro_indicators_daily`);
    expect(dates.rows[0]).toEqual({ date: '2025-01-02', fecha: '2025-01-02' });
  });

  it('one signal per run, strategy, symbol and bar', async () => {
    const sql = `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) VALUES (1, '2025-01-02T14:00Z', 'flat')`;
    await db.pool.query(sql);
    expect(await code(sql)).toBe('23505');
  });

  it('every overwrite of a bar or macro value goes to revisions, which nobody can change', async () => {
    await db.pool.query(`UPDATE usdcop_m5_ohlcv SET close = 4256, source = 'csv' WHERE time = '2025-01-02T13:00Z'`);
    await db.pool.query(`UPDATE macro_indicators_daily SET dxy = 108.2, wti = 70 WHERE date = '2025-01-02'`);
    const { rows } = await db.pool.query(
      `SELECT table_name, row_key, column_name, old_value, new_value, source FROM revisions ORDER BY table_name DESC, column_name`,
    );
    expect(rows).toEqual([
      {
        table_name: 'usdcop_m5_ohlcv',
        row_key: { time: '2025-01-02T13:00:00+00:00', symbol: 'USD/COP' },
        column_name: 'close',
        old_value: '4255.500000',
        new_value: '4256.000000',
        source: 'csv',
      },
      expect.objectContaining({ column_name: 'source', old_value: 'twelvedata', new_value: 'csv' }),
      expect.objectContaining({
        table_name: 'macro_indicators_daily',
        column_name: 'dxy',
        old_value: '108.1000',
        new_value: '108.2000',
      }),
    ]);
    expect(await code('DELETE FROM revisions')).toBe('SB002');
    expect(await code(`UPDATE revisions SET old_value = ''`)).toBe('SB002');
  });

  it('macro values are first seen at market time, from the first cycle on', async () => {
    await db.pool.query(`UPDATE dw.world SET first_cycle_at = '2025-01-02T13:05Z'`);
    const client = await db.pool.connect();
    await client.query(`BEGIN; SET LOCAL signalbox.market_time = '2025-01-03T15:00Z'`);
    await client.query(`UPDATE macro_indicators_daily SET gold = 2650, dxy = 108.3 WHERE date = '2025-01-02'`);
    await client.query('COMMIT');
    client.release();
    const { rows } = await db.pool.query(
      `SELECT date, series, CASE WHEN seen_at > '-infinity' THEN seen_at END AS seen_at, value FROM dw.macro_first_seen f ORDER BY series, f.seen_at`,
    );
    const [date, seen_at] = ['2025-01-02', Date.UTC(2025, 0, 3, 15)];
    expect(rows, 'an overwrite keeps what it replaced, from its rule time on').toEqual([
      { date, series: 'dxy', seen_at: null, value: 108.2 },
      { date, series: 'dxy', seen_at, value: 108.3 },
      { date, series: 'gold', seen_at, value: 2650 },
    ]);
  });

  it('inference_features_5m shows the 13 features as double precision', async () => {
    const { rows } = await db.pool.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns
       WHERE table_name = 'inference_features_5m' AND data_type = 'double precision' ORDER BY ordinal_position`,
    );
    expect(rows.map((row) => row.name).join(' ')).toBe(
      'log_ret_5m log_ret_1h log_ret_4h rsi_9 atr_pct adx_14 dxy_z dxy_change_1d vix_z embi_z brent_change_1d rate_spread usdmxn_change_1d',
    );
  });
});
