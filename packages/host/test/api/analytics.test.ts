import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StrategyStatus } from '../../src/services/dependencies.js';
import { NOW, openStage, seed, SLOT, slotsOf, type Json, type Stage } from './stage.js';

// Each figure is computed a second time from the stored rows, in SQL or by hand, without the code that serves it.

const DAY = 86_400_000;
const POLICY = 'RL_PPO';
const MODEL = 'a'.repeat(64);
const statuses: StrategyStatus[] = [
  {
    code: POLICY,
    package: '@x/policy',
    version: '1.0.0',
    state: 'RUNNING',
    reason: null,
    champion: { version: '2', sha256: MODEL, trainedOn: 'market' },
  },
];

let stage: Stage;
let policy: number;
const iso = (time: number): string => new Date(time).toISOString();
const today = slotsOf('2025-03-07');
const yesterday = slotsOf('2025-03-06');

beforeAll(async () => {
  stage = await openStage({ statuses });
  await seed(stage.pool);
  const { rows } = await stage.pool.query<{ id: number }>(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, package)
     VALUES ($1, 'Policy', 'RL', '@x/policy') RETURNING strategy_id AS id`,
    [POLICY],
  );
  policy = rows[0]!.id;
  const signal = (bar: number, kind: string, price: number, notTraded: string | null = null) =>
    stage.pool.query(
      `INSERT INTO dw.fact_strategy_signals (strategy_id, bar_time, timestamp_utc, signal, entry_price, not_traded, origin)
       VALUES ($1, $2, $3, $4, $5, $6, 'plugin')`,
      [policy, iso(bar), iso(bar + SLOT), kind, price, notTraded],
    );
  const position = (side: string, from: number, entry: number, to: number, exit: number) =>
    stage.pool.query(
      `INSERT INTO dw.fact_strategy_positions (strategy_id, side, quantity, entry_price, entry_time, signal_bar_time,
         entry_bar_time, exit_price, exit_time, exit_bar_time, status, realized_pnl, fees)
       VALUES ($1, $2, 1000, $3, $4, $5, $4, $6, $7, $7, 'closed', 1, 2.2)`,
      [policy, side, entry, iso(from), iso(from - SLOT), exit, iso(to)],
    );
  await signal(yesterday[3]!, 'long', 4300); // filled at 4301: one open later
  await position('long', yesterday[4]!, 4301, yesterday[9]!, 4310);
  await signal(yesterday[5]!, 'long', 4305); // holds: asks for nothing
  await signal(yesterday[8]!, 'short', 4310); // flips
  await position('short', yesterday[9]!, 4308, yesterday[13]!, 4300);
  await signal(yesterday[12]!, 'close', 4300);
  await signal(yesterday[20]!, 'long', 4300, 'no_size');
  await signal(yesterday[22]!, 'long', 4300, 'pause');
  await signal(yesterday[30]!, 'flat', 4300);
  await signal(today[0]!, 'flat', 4300);
  const last = NOW - SLOT;
  await signal(last, 'short', 4300); // waits for the next open
  await stage.pool.query(
    `INSERT INTO dw.fact_no_signal (strategy_id, bar_time, timestamp_utc, code) VALUES ($1, $2, $3, 'stale')`,
    [policy, iso(today[1]!), iso(today[1]! + SLOT)],
  );
  await stage.pool.query(
    `INSERT INTO macro_indicators_daily (date, vix, embi, brent, fedfunds, dxy) VALUES
     ('2025-02-01', NULL, NULL, NULL, 4.33, NULL), ('2025-01-01', NULL, NULL, NULL, 4.48, NULL),
     ('2024-12-01', NULL, NULL, NULL, 4.58, NULL),
     ('2025-02-03', 18.5, 300, 75.5, NULL, 108.9), ('2025-03-05', 24.9, 350, 44.9, NULL, 104.3),
     ('2025-03-06', 25, NULL, 59.9, NULL, NULL), ('2025-03-07', 99, 999, 1, NULL, 1)`,
  );
  await stage.pool.query(
    `INSERT INTO dw.model_version (strategy_code, version, file, format, bytes, sha256, manifest_sha256, framework, trained_on,
       golden_rows, largest_difference, state) VALUES ($1, 2, 'm', 'onnx', 1, $2, $2, 'x', 'market', 8, 0, 'verified')`,
    [POLICY, MODEL],
  );
});
afterAll(() => stage.close());

const ask = async (path: string): Promise<Json> => {
  const { status, body } = await stage.get(`/api/analytics/${path}`, stage.analytics);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};
const sql = async (text: string, values: unknown[] = []): Promise<Json> =>
  (await stage.pool.query<Json>(text, values)).rows[0];
/** Half a unit of the last decimal served, and a float's dust. */
const near = (actual: number | null, expected: number | null, digits = 4): void => {
  if (actual === null || expected === null) return void expect(actual).toBe(expected);
  expect(Math.abs(actual - Number(expected)), `${actual} against ${expected}`).toBeLessThanOrEqual(
    0.5 * 10 ** -digits + 1e-9,
  );
};
/** Every null has its reason, and nothing else has one. */
function noted(body: Json, figures: Json): void {
  const nulls = Object.entries(figures).filter(([, value]) => value === null);
  for (const [name] of nulls) expect(body.notes, `why ${name} is null`).toHaveProperty(name);
  for (const [name, value] of Object.entries(figures)) if (value !== null) expect(body.notes).not.toHaveProperty(name);
}

/** Session returns in SQL: last value of each Bogota day, the base before the window, only days that are over. */
const RETURNS = (values: string, base: string): string => `
  WITH v AS (${values}),
  d AS (SELECT (bar_time AT TIME ZONE 'America/Bogota')::date AS day, (array_agg(value ORDER BY bar_time DESC))[1] AS value FROM v GROUP BY 1),
  c AS (SELECT day, value, (day + time '13:00') AT TIME ZONE 'America/Bogota' AS over FROM d),
  w AS (SELECT * FROM c WHERE over > $1::timestamptz AND over <= $2::timestamptz),
  b AS (SELECT coalesce((SELECT value FROM c WHERE over <= $1::timestamptz ORDER BY day DESC LIMIT 1), ${base}) AS value),
  r AS (SELECT day, value, value / lag(value, 1, (SELECT value FROM b)) OVER (ORDER BY day) - 1 AS r FROM w)`;
const STATISTICS = `SELECT count(*)::int AS n, avg(r) AS mean, stddev_samp(r) AS sd, sqrt(sum(least(r, 0) ^ 2) / count(*)) AS down,
  percentile_cont(0.05) WITHIN GROUP (ORDER BY r) AS q5, percentile_cont(0.01) WITHIN GROUP (ORDER BY r) AS q1, max(r) AS best,
  min(r) AS worst, sum(greatest(r, 0)) / nullif(sum(greatest(-r, 0)), 0) AS factor,
  (array_agg(value ORDER BY day DESC))[1] / (SELECT value FROM b) AS growth, (SELECT value FROM b) AS base,
  (SELECT avg(x.r) FROM r x WHERE x.r <= (SELECT percentile_cont(0.05) WITHIN GROUP (ORDER BY y.r) FROM r y)) AS tail FROM r`;
const EQUITY = `SELECT bar_time, equity_value::float8 AS value FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id)
  WHERE strategy_code = 'ALPHA' AND run_id = 'live'`;
const BARS = `SELECT time AS bar_time, close::float8 AS value FROM usdcop_m5_ohlcv WHERE symbol = 'USD/COP'`;
const FIRST_OPEN = `(SELECT open::float8 FROM usdcop_m5_ohlcv ORDER BY time LIMIT 1)`;
const returnsOf = (what: 'equity' | 'bars', days: number): Promise<Json> =>
  sql((what === 'equity' ? RETURNS(EQUITY, '10000::float8') : RETURNS(BARS, FIRST_OPEN)) + STATISTICS, [
    iso(NOW - days * DAY),
    iso(NOW),
  ]);
/** Deepest fall of the values in the window from a peak that begins at the base. */
async function deepest(values: string, base: number, days: number): Promise<number> {
  const { rows } = await stage.pool.query<{ value: number }>(
    `SELECT value FROM (${values}) v WHERE bar_time + interval '5 min' > $1 AND bar_time + interval '5 min' <= $2 ORDER BY bar_time`,
    [iso(NOW - days * DAY), iso(NOW)],
  );
  return (
    Math.max(0, ...rows.map(({ value }, i) => 1 - value / Math.max(base, ...rows.slice(0, i).map((r) => r.value)))) *
    100
  );
}
const cagr = (growth: number, n: number): number => (Math.exp((245 / n) * Math.log(growth)) - 1) * 100;

describe('performance-kpis', () => {
  it.each([90, 30])('of a strategy come from its equity and closed trades (%d days)', async (days) => {
    const body = await ask(`performance-kpis?strategy=ALPHA&days=${days}`);
    const r = await returnsOf('equity', days);
    const worst = await deepest(EQUITY, r.base, days);
    expect(body).toMatchObject({ symbol: 'USD/COP', strategy: 'ALPHA', period_days: days, timestamp: iso(NOW) });
    expect(body).toMatchObject({ n: r.n, basis: 'strategy_equity', periods_per_year: 245 });
    expect(r.n).toBeGreaterThan(10);
    const { kpis } = body;
    near(kpis.sharpeRatio, (r.mean / r.sd) * Math.sqrt(245));
    near(kpis.sortinoRatio, (r.mean / r.down) * Math.sqrt(245));
    near(kpis.volatility, r.sd * Math.sqrt(245) * 100);
    near(kpis.cagr, cagr(r.growth, r.n));
    near(kpis.maxDrawdown, worst, 3);
    expect(kpis.calmarRatio, 'under 60 sessions').toBeNull();
    near(body.sharpeStandardError, Math.sqrt((245 + ((r.mean / r.sd) ** 2 * 245) / 2) / r.n));
    const peak = await sql(
      `SELECT (1 - (array_agg(value ORDER BY bar_time DESC))[1] / greatest(10000, max(value))) * 100 AS dd FROM (${EQUITY}) e`,
    );
    near(kpis.currentDrawdown, peak.dd, 3);
    const trades = await sql(
      `SELECT sum(greatest(realized_pnl - fees, 0)) / sum(greatest(fees - realized_pnl, 0)) AS factor
       FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id)
       WHERE strategy_code = 'ALPHA' AND status = 'closed' AND exit_time > $1 AND exit_time <= $2`,
      [iso(NOW - days * DAY), iso(NOW)],
    );
    near(kpis.profitFactor, trades.factor);
    const pair = await returnsOf('bars', days);
    near(kpis.benchmarkSpread, cagr(r.growth, r.n) - cagr(pair.growth, pair.n));
    const points = await sql(`SELECT count(*)::int AS n FROM (${EQUITY}) e WHERE bar_time + interval '5 min' > $1`, [
      iso(NOW - days * DAY),
    ]);
    expect(body.data_points).toBe(points.n);
    noted(body, kpis);
  });

  it.each([90, 30])('without a strategy are those of holding the pair, and say so (%d days)', async (days) => {
    const body = await ask(`performance-kpis?days=${days}`);
    const r = await returnsOf('bars', days);
    expect(body).toMatchObject({ basis: 'instrument', strategy: null, n: r.n });
    near(body.kpis.sharpeRatio, (r.mean / r.sd) * Math.sqrt(245));
    near(body.kpis.sortinoRatio, (r.mean / r.down) * Math.sqrt(245));
    near(body.kpis.cagr, cagr(r.growth, r.n));
    near(body.kpis.profitFactor, r.factor);
    near(body.kpis.maxDrawdown, await deepest(BARS, r.base, days), 3);
    expect(body.kpis.benchmarkSpread).toBeNull();
    noted(body, body.kpis);
  });

  it('of too short a window are null with the reason, never 0', async () => {
    const body = await ask('performance-kpis?strategy=ALPHA&days=3');
    for (const name of ['sharpeRatio', 'sortinoRatio', 'cagr', 'volatility', 'calmarRatio']) {
      expect(body.kpis[name]).toBeNull();
      expect(body.notes[name]).toMatch(/fewer than/);
    }
    expect(body.kpis.maxDrawdown).not.toBeNull();
  });

  it('of a strategy without rows are null, with no data points', async () => {
    const body = await ask('performance-kpis?strategy=QUIET');
    expect(body.data_points).toBe(0);
    expect(Object.values(body.kpis).every((value) => value === null)).toBe(true);
    noted(body, body.kpis);
  });

  it('an unknown strategy is 404, days beyond 1–1825 are 422', async () => {
    expect((await stage.get('/api/analytics/performance-kpis?strategy=NOPE', stage.analytics)).body.code).toBe(
      'STRATEGY_UNKNOWN',
    );
    for (const days of [0, 1826])
      expect((await stage.get(`/api/analytics/performance-kpis?days=${days}`, stage.analytics)).status).toBe(422);
    expect((await stage.get('/api/analytics/performance-kpis?symbol=EURUSD', stage.analytics)).status).toBe(404);
    expect((await ask('performance-kpis?symbol=USDCOP&days=1825')).symbol).toBe('USD/COP');
  });
});

describe('risk-metrics', () => {
  it.each([
    ['', 'bars', 30, 10_000_000],
    ['&strategy=ALPHA&portfolio_value=50000', 'equity', 60, 50_000],
  ] as const)('are historical, of one session, in positive dollars (%s)', async (query, what, days, value) => {
    const body = await ask(`risk-metrics?days=${days}${query}`);
    const r = await returnsOf(what, days);
    const m = body.risk_metrics;
    expect(m.portfolioValue).toBe(value);
    near(m.portfolioVaR95, Math.max(0, -r.q5) * value, 2);
    near(m.portfolioVaR99, Math.max(0, -r.q1) * value, 2);
    near(m.portfolioVaR95Percent, Math.max(0, -r.q5) * 100);
    near(m.expectedShortfall95, Math.max(0, -r.tail) * value, 2);
    expect(m.portfolioVaR99).toBeGreaterThanOrEqual(m.portfolioVaR95);
    near(m.bestCaseScenario, r.best * value, 2);
    near(m.worstCaseScenario, r.worst * value, 2);
    near(m.portfolioVolatility, r.sd * Math.sqrt(245) * 100);
    near(m.maximumDrawdown, await deepest(what === 'bars' ? BARS : EQUITY, r.base, days), 3);
    const open = await sql(
      `SELECT sum(quantity) AS gross, sum(CASE side WHEN 'long' THEN quantity ELSE -quantity END) AS net
       FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id)
       WHERE status = 'open' AND is_active ${what === 'bars' ? '' : "AND strategy_code = 'ALPHA'"}`,
    );
    near(m.grossExposure, open.gross, 2);
    near(m.netExposure, open.net, 2);
    near(m.leverage, open.gross / value);
    const traded = await sql(
      `SELECT avg(volume) AS mean FROM usdcop_m5_ohlcv WHERE time + interval '5 min' > $1 AND time + interval '5 min' <= $2`,
      [iso(NOW - days * DAY), iso(NOW)],
    );
    near(m.timeToLiquidate, (open.gross / (traded.mean / 10)) * 5);
    near(m.liquidityScore, Math.min(100, ((60 * traded.mean) / 10 / open.gross) * 100));
    expect(body.n).toBe(r.n);
    noted(body, m);
  });

  it('without an open position nothing is exposed', async () => {
    const { risk_metrics: m } = await ask(`risk-metrics?strategy=${POLICY}`);
    expect(m).toMatchObject({ grossExposure: 0, netExposure: 0, leverage: 0 });
  });
});

describe('rl-metrics', () => {
  it('are of the stored signals and positions of the policy', async () => {
    const body = await ask('rl-metrics');
    expect(body.strategy).toBe(POLICY);
    const { metrics } = body;
    expect(metrics.tradesPerEpisode, 'two trades, sessions of two days').toBe(1);
    expect(metrics.avgHolding, '5 bars, then 4').toBe(4.5);
    near(metrics.actionBalance.buy, 4 / 9);
    near(metrics.actionBalance.sell, 2 / 9);
    near(metrics.actionBalance.hold, 3 / 9);
    expect(metrics.spreadCaptured).toBeNull();
    expect(metrics.pegRate).toBeNull();
    const vwap = (upTo: number): Promise<Json> =>
      sql(
        `SELECT (sum((high + low + close) * volume) / sum(volume) / 3)::float8 AS vwap FROM usdcop_m5_ohlcv WHERE time >= $1 AND time <= $2`,
        [iso(yesterday[0]!), iso(upTo)],
      );
    const [a, b] = [(await vwap(yesterday[4]!)).vwap, (await vwap(yesterday[9]!)).vwap];
    near(metrics.vwapError, ((Math.abs(4301 / a - 1) + Math.abs(4308 / b - 1)) / 2) * 10_000);
    noted(body, metrics);
  });
});

describe('session-pnl', () => {
  it('is equity at the close less equity at the open, of each active strategy, with the prices of the session', async () => {
    const body = await ask('session-pnl?session_date=2025-03-06');
    const prices = await sql(
      `SELECT (array_agg(open ORDER BY time))[1] AS first, (array_agg(close ORDER BY time DESC))[1] AS last, count(*)::int AS n
       FROM usdcop_m5_ohlcv WHERE (time AT TIME ZONE 'America/Bogota')::date = '2025-03-06'`,
    );
    expect(body).toMatchObject({
      session_open: prices.first,
      session_close: prices.last,
      has_data: true,
      data_points: prices.n,
    });
    let sum = 0;
    let base = 0;
    for (const code of ['ALPHA', 'BETA']) {
      const { open, close } = await sql(
        `SELECT (array_agg(equity_value ORDER BY bar_time DESC) FILTER (WHERE bar_time < '2025-03-06T13:00Z'))[1] AS open,
           (array_agg(equity_value ORDER BY bar_time DESC) FILTER (WHERE bar_time < '2025-03-06T18:00Z'))[1] AS close
         FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code = $1`,
        [code],
      );
      const row = body.strategies.find((each: Json) => each.strategy_code === code);
      near(row.pnl, close - open, 2);
      near(row.pnl_percent, (close / open - 1) * 100);
      const { n } = await sql(
        `SELECT count(*)::int AS n FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id)
         WHERE strategy_code = $1 AND status = 'closed' AND (exit_time AT TIME ZONE 'America/Bogota')::date = '2025-03-06'`,
        [code],
      );
      expect(row.n_trades).toBe(n);
      sum += close - open;
      base += open;
    }
    near(body.session_pnl, sum, 2);
    near(body.session_pnl_percent, (sum / base) * 100);
    expect(body.strategies.map((row: Json) => row.strategy_code)).toEqual(['ALPHA', 'BETA', 'QUIET', POLICY]);
    expect(body.notes).toHaveProperty('QUIET.pnl');
  });

  it('is of the newest session by default, so far; a day without session says so', async () => {
    expect(await ask('session-pnl')).toMatchObject({ session_date: '2025-03-07', has_data: true, data_points: 24 });
    const sunday = await ask('session-pnl?session_date=2025-03-02&strategy=ALPHA');
    expect(sunday).toMatchObject({ has_data: false, session_open: null, session_pnl: null, strategy: 'ALPHA' });
    expect(sunday.notes.session_open).toMatch(/no session/);
  });
});

describe('market-conditions', () => {
  it('are the newest values known at market time, with status by threshold and change over the window', async () => {
    const body = await ask('market-conditions');
    const of = (name: string): Json => body.conditions.find((each: Json) => each.indicator === name);
    expect(body.conditions).toHaveLength(6);
    // the values of 7 March are known at the next session's open, not on that day
    expect(of('VIX')).toMatchObject({ value: 25, status: 'warning', observed_at: '2025-03-06', change: 6.5 });
    expect(of('EMBI')).toMatchObject({
      value: 350,
      unit: 'bp',
      status: 'warning',
      observed_at: '2025-03-05',
      change: 50,
    });
    expect(of('Brent')).toMatchObject({ value: 59.9, status: 'warning', change: -15.6 });
    expect(of('DXY')).toMatchObject({ value: 104.3, status: 'normal', change: -4.6 });
    // February's mean is known 35 days after the first of February, on 8 March
    expect(of('Fed funds')).toMatchObject({ value: 4.48, observed_at: '2025-01-01', status: 'normal', change: -0.1 });
    const r = await returnsOf('bars', 30);
    near(of('USD/COP volatility').value, r.sd * Math.sqrt(245) * 100);
    expect(of('USD/COP volatility').observed_at).toBe(iso(NOW));
  });

  it('that are stale are unknown, and say so', async () => {
    stage.clock.time = NOW + 10 * DAY;
    try {
      const vix = (await ask('market-conditions')).conditions[0];
      expect(vix).toMatchObject({ indicator: 'VIX', value: 99, status: 'unknown' });
      expect(vix.description).toMatch(/stale/i);
    } finally {
      stage.clock.time = NOW;
    }
  });
});

describe('production-gates', () => {
  const gateOf = (body: Json, title: string): Json => body.gates.find((each: Json) => each.title === title);

  it('are unknown without measured cycles, and what is unknown is no pass', async () => {
    const body = await ask('production-gates?days=30');
    expect(body).toMatchObject({ strategy: POLICY, production_ready: false, total_gates: 7 });
    expect(gateOf(body, 'p99 inference')).toMatchObject({
      value: null,
      threshold: 20,
      operator: '<',
      status: 'unknown',
    });
    expect(body.notes['p99 inference']).toMatch(/no cycle/);
    expect(gateOf(body, 'Golden vectors')).toMatchObject({ value: 1, status: 'pass' });
    // 9 signals; bars from the first decision on: 57 of yesterday from slot 3, 24 of today
    near(gateOf(body, 'Bars answered').value, (9 / 81) * 100);
    expect(body.passing_gates).toBe(body.gates.filter((each: Json) => each.status === 'pass').length);
  });

  it('take the latencies that the cycle measured and stored', async () => {
    const noticed = Date.now() - 60_000;
    for (let i = 0; i < 120; i++) {
      await stage.pool.query(
        `INSERT INTO dw.cycle_timings (bar_time, strategy_id, noticed_at, asked_at, answered_ms, committed_ms, published_ms)
         VALUES ($1, $2, $3, $4, $5, 50, $6)`,
        [iso(NOW - (i + 1) * SLOT), policy, iso(noticed), iso(noticed + 4), 4 + i / 10, i],
      );
    }
    const body = await ask('production-gates?days=30');
    // 120 values 0 … 119: the 99th percentile lies at place 117.81
    near(gateOf(body, 'p99 inference').value, 11.781, 3);
    expect(gateOf(body, 'p99 inference').status).toBe('pass');
    near(gateOf(body, 'p99 bar to signal').value, 117.81, 3);
    expect(gateOf(body, 'p99 bar to signal').status).toBe('fail');
  });

  it('judge ratios and drawdown of the stored equity', async () => {
    const body = await ask('production-gates?strategy=ALPHA&days=60');
    const r = await returnsOf('equity', 60);
    const sortino = (r.mean / r.down) * Math.sqrt(245);
    near(gateOf(body, 'Sortino ratio').value, sortino);
    expect(gateOf(body, 'Sortino ratio').status).toBe(sortino >= 1.3 ? 'pass' : 'fail');
    near(gateOf(body, 'Max drawdown').value, await deepest(EQUITY, r.base, 60), 3);
    expect(gateOf(body, 'Golden vectors')).toMatchObject({ value: null, status: 'unknown' });
  });
});

describe('spread-proxy', () => {
  it('is that of Corwin and Schultz over consecutive bars of one session', async () => {
    const body = await ask('spread-proxy?days=30');
    const { rows } = await stage.pool.query<{ time: number; s: number }>(
      `WITH p AS (SELECT time, high::float8 AS h, low::float8 AS l, lag(high::float8) OVER o AS h1, lag(low::float8) OVER o AS l1,
           lag(time) OVER o AS before FROM usdcop_m5_ohlcv WHERE time + interval '5 min' > $1 WINDOW o AS (ORDER BY time)),
       q AS (SELECT time, ln(h / l) ^ 2 + ln(h1 / l1) ^ 2 AS beta, ln(greatest(h, h1) / least(l, l1)) ^ 2 AS gamma FROM p
         WHERE time - before = interval '5 min' AND h > l AND h1 > l1),
       a AS (SELECT time, (sqrt(2 * beta) - sqrt(beta)) / (3 - 2 * sqrt(2)) - sqrt(gamma / (3 - 2 * sqrt(2))) AS alpha FROM q)
       SELECT time, (2 * (exp(alpha) - 1) / (1 + exp(alpha)) * 10000)::float8 AS s FROM a ORDER BY time`,
      [iso(NOW - 30 * DAY)],
    );
    const values = rows.map(({ s }) => Math.max(0, s));
    const sorted = [...values].sort((a, b) => b - a);
    expect(body.n_estimates).toBe(rows.length);
    expect(body.n_negative).toBe(rows.filter(({ s }) => s < 0).length);
    expect(body.n_negative).toBeGreaterThan(0);
    near(body.statistics.mean_bps, values.reduce((x, y) => x + y) / values.length);
    near(body.statistics.max_bps, sorted[0]!);
    near(body.statistics.min_bps, sorted.at(-1)!);
    near(body.statistics.current_bps, values.at(-1)!);
    const found = await sql(
      `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY x) AS p95,
         stddev_samp(x) AS sd FROM unnest($1::float8[]) AS x`,
      [values],
    );
    near(body.statistics.median_bps, found.median);
    near(body.statistics.p95_bps, found.p95);
    near(body.statistics.std_bps, found.sd);
    expect(body.timeseries).toHaveLength(100);
    expect(body.timeseries.at(-1)).toMatchObject({ timestamp: iso(rows.at(-1)!.time + SLOT) });
    expect(body).toMatchObject({ method: 'corwin-schultz', close_only_share: 0 });
  });

  it('says nothing of close-only bars, and gives their share', async () => {
    await stage.pool.query('BEGIN; UPDATE usdcop_m5_ohlcv SET high = close, low = close, open = close; COMMIT');
    const body = await ask('spread-proxy?days=30');
    expect(body).toMatchObject({ close_only_share: 1, n_estimates: 0, timeseries: [] });
    expect(Object.values(body.statistics).every((value) => value === null)).toBe(true);
    noted(body, body.statistics);
  });
});

describe('session-progress', () => {
  it.each([
    ['2025-03-07T15:02:30Z', 'OPEN', 40.83, 24, 178, '2025-03-07'],
    ['2025-03-07T12:00:00Z', 'PRE_MARKET', 0, 0, 300, '2025-03-07'],
    ['2025-03-07T11:59:59Z', 'CLOSED', 0, 0, 300, '2025-03-07'],
    ['2025-03-07T13:00:00Z', 'OPEN', 0, 0, 300, '2025-03-07'],
    ['2025-03-07T18:00:00Z', 'CLOSED', 100, 60, 0, '2025-03-07'],
    ['2025-03-08T15:00:00Z', 'WEEKEND', 0, 0, 300, '2025-03-10'],
    ['2025-05-01T15:00:00Z', 'HOLIDAY', 0, 0, 300, '2025-05-02'],
  ])('at %s is %s', async (time, status, progress, elapsed, minutes, date) => {
    stage.clock.time = Date.parse(time);
    try {
      expect(await ask('session-progress')).toMatchObject({
        status,
        progress,
        bars_elapsed: elapsed,
        bars_total: 60,
        time_remaining_minutes: minutes,
        session_start: `${date}T13:00:00.000Z`,
        session_end: `${date}T18:00:00.000Z`,
        current_time: iso(Date.parse(time)),
      });
    } finally {
      stage.clock.time = NOW;
    }
  });
});

describe('execution-metrics', () => {
  it('count accepted signals that asked for an entry, their fills and what they cost', async () => {
    const body = await ask(`execution-metrics?strategy=${POLICY}`);
    expect(body.additional_stats).toEqual({
      n_orders: 3,
      n_fills: 2,
      n_cancelled: 1,
      cancelled_by_reason: { pause: 1 },
      n_pending: 1,
      n_refused: 1,
      refused_by_reason: { no_size: 1 },
    });
    near(body.metrics.fill_ratio_pct, (2 / 3) * 100);
    // bought 1 above 4300, sold 2 below 4310
    near(body.metrics.avg_slippage_bps, ((1 / 4300 + 2 / 4310) / 2) * 10_000);
    near(body.metrics.turnover_cost_bps, ((2 * 2.2) / 4000) * 10_000);
    expect(body.quality_assessment).toBe('poor');
    const { vwap } = await sql(
      `SELECT (sum((high + low + close) / 3 * volume) / sum(volume))::float8 AS vwap FROM usdcop_m5_ohlcv
       WHERE time + interval '5 min' > $1`,
      [iso(NOW - 30 * DAY)],
    );
    near(body.metrics.vwap, vwap);
    noted(body, body.metrics);
  });

  it('of all strategies are those of the active ones', async () => {
    const body = await ask('execution-metrics');
    const { n } = await sql(
      `SELECT count(*)::int AS n FROM dw.fact_strategy_positions JOIN dw.dim_strategy USING (strategy_id)
       WHERE is_active AND entry_time > $1`,
      [iso(NOW - 30 * DAY)],
    );
    expect(body.strategy).toBeNull();
    expect(body.data_points).toBeGreaterThanOrEqual(n);
  });
});

describe('what needs volume', () => {
  it('is null with its reason where volume is zero', async () => {
    await stage.pool.query('UPDATE usdcop_m5_ohlcv SET volume = 0');
    const risk = await ask('risk-metrics');
    const rl = await ask('rl-metrics');
    const execution = await ask('execution-metrics');
    for (const [body, figures, names] of [
      [risk, risk.risk_metrics, ['liquidityScore', 'timeToLiquidate']],
      [rl, rl.metrics, ['pegRate', 'vwapError']],
      [execution, execution.metrics, ['vwap']],
    ]) {
      for (const name of names) {
        expect(figures[name]).toBeNull();
        expect(body.notes[name]).toMatch(/no volume/);
      }
    }
  });
});

it('an empty database answers 200 with nulls and reasons', async () => {
  const empty = await openStage();
  try {
    await empty.pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ($1, 'P', 'RL')`,
      [POLICY],
    );
    for (const path of [
      'performance-kpis',
      'risk-metrics',
      'rl-metrics',
      'session-pnl',
      'market-conditions',
      'production-gates',
      'spread-proxy',
      'session-progress',
      'execution-metrics',
    ]) {
      const { status, body } = await empty.get(`/api/analytics/${path}`, empty.analytics);
      expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200);
      expect(body.data_points).toBe(0);
    }
    expect(empty.errors).toEqual([]);
  } finally {
    await empty.close();
  }
});
