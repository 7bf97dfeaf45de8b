import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { calendar, NOW, openStage, seed, SLOT, slotsOf, type Seeded, type Stage } from './stage.js';

// Each figure is computed here a second time from the stored rows, by its definition and without the code that serves it.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const INITIAL: Record<string, number> = { ALPHA: 10_000, BETA: 25_000, QUIET: 10_000 };

let stage: Stage;
let seeded: Seeded;
beforeAll(async () => {
  stage = await openStage();
  seeded = await seed(stage.pool);
});
afterAll(() => stage.close());

interface Row {
  bar: number;
  at: number;
  equity: number;
}
async function equityOf(code: string, run = 'live'): Promise<Row[]> {
  const { rows } = await stage.pool.query(
    `SELECT bar_time AS bar, timestamp_utc AS at, equity_value AS equity FROM dw.fact_equity_curve JOIN dw.dim_strategy USING (strategy_id)
     WHERE strategy_code = $1 AND run_id = $2 ORDER BY bar_time`,
    [code, run],
  );
  return rows;
}
async function tradesOf(code: string, run = 'live') {
  const { rows } = await stage.pool.query(
    `SELECT realized_pnl AS pnl, fees, entry_time AS entry, exit_time AS exit, status FROM dw.fact_strategy_positions
     JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code = $1 AND run_id = $2 ORDER BY entry_time`,
    [code, run],
  );
  return rows as { pnl: number; fees: number; entry: number; exit: number | null; status: string }[];
}
const bogota = (time: number): string => new Date(time - 5 * HOUR).toISOString().slice(0, 10);
/** The last row of each day whose 13:00 in Bogota is not after `end`. */
function closesOf(rows: Row[], end: number): { date: string; close: number; equity: number }[] {
  const days: Record<string, Row> = {};
  for (const row of rows) days[bogota(row.bar)] = row;
  return Object.entries(days)
    .map(([date, row]) => ({ date, close: Date.parse(`${date}T18:00:00Z`), equity: row.equity }))
    .filter((day) => day.close <= end)
    .sort((a, b) => a.close - b.close);
}
/** Half of the fourth decimal, and a float's dust. */
const HALF_A_UNIT = 5e-5 + 1e-9;
/** Answers carry the decimals of their columns: half a unit of the last one, and a float's dust. */
const close = (actual: number | null, expected: number | null, digits = 4): void => {
  if (expected === null || actual === null) expect(actual).toBe(expected);
  else
    expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
      0.5 * 10 ** -digits + 1e-9,
    );
};

/** Definitions of the ratios, through variance as mean of squares less square of mean, other than in the engine. */
function expectedComparison(
  rows: Row[],
  trades: Awaited<ReturnType<typeof tradesOf>>,
  initial: number,
  from: number,
  end: number,
) {
  const closes = closesOf(rows, end);
  const before = closes.filter((day) => day.close <= from);
  const base = before.length > 0 ? before[before.length - 1]!.equity : initial;
  const path = [base, ...closes.filter((day) => day.close > from).map((day) => day.equity)];
  const r = path.slice(1).map((value, i) => (value - path[i]!) / path[i]!);
  const n = r.length;
  const sum = r.reduce((a, b) => a + b, 0);
  const squares = r.reduce((a, b) => a + b * b, 0);
  const sd = Math.sqrt((squares - (sum * sum) / n) / (n - 1));
  const down = Math.sqrt(r.filter((x) => x < 0).reduce((a, b) => a + b * b, 0) / n);
  const known = rows.filter((row) => row.at <= end);
  const inside = known.filter((row) => row.at > from);
  let worst = 0;
  for (let i = 0; i < inside.length; i++) {
    const peak = Math.max(base, ...inside.slice(0, i + 1).map((row) => row.equity));
    worst = Math.max(worst, 100 - (100 * inside[i]!.equity) / peak);
  }
  const last = known[known.length - 1];
  const done = trades.filter((t) => t.status === 'closed' && t.exit! > from && t.exit! <= end);
  const net = done.map((t) => Math.round(t.pnl * 100) - Math.round(t.fees * 100));
  const won = net.filter((x) => x > 0);
  const lost = net.filter((x) => x < 0);
  const total = (list: number[]): number => list.reduce((a, b) => a + b, 0);
  const sharpe = n < 10 ? null : (sum / n / sd) * Math.sqrt(245);
  return {
    total_return_pct: inside.length === 0 ? null : ((last!.equity - base) / base) * 100,
    daily_return_pct:
      closes.length === 0
        ? null
        : (closes[closes.length - 1]!.equity / (closes[closes.length - 2]?.equity ?? initial) - 1) * 100,
    sharpe_ratio: sharpe,
    sortino_ratio: n < 10 ? null : (sum / n / down) * Math.sqrt(245),
    calmar_ratio: n < 60 ? null : ((path[n]! / base) ** (245 / n) - 1) / (worst / 100),
    total_trades: done.length,
    win_rate: won.length + lost.length === 0 ? null : won.length / (won.length + lost.length),
    profit_factor: lost.length === 0 ? null : total(won) / -total(lost),
    max_drawdown_pct: inside.length === 0 ? null : worst,
    current_drawdown_pct:
      known.length === 0 ? null : 100 - (100 * last!.equity) / Math.max(initial, ...known.map((row) => row.equity)),
    volatility_pct: n < 10 ? null : sd * Math.sqrt(245) * 100,
    avg_hold_time_minutes: done.length === 0 ? null : total(done.map((t) => t.exit! - t.entry)) / done.length / 60_000,
    current_equity: last?.equity ?? initial,
    open_positions: trades.filter((t) => t.status === 'open').length,
    n,
    periods_per_year: 245,
    sharpe_standard_error: sharpe === null ? null : Math.sqrt((245 + 0.5 * sharpe * sharpe) / n),
  };
}
/** Drawdowns are stored and computed with 4 decimals. */
const FOUR = new Set(['max_drawdown_pct', 'current_drawdown_pct', 'calmar_ratio']);

async function checkComparison(
  query: string,
  from: number,
  end: number,
  run = 'live',
  codes = ['ALPHA', 'BETA', 'QUIET'],
) {
  const { status, body } = await stage.get(`/api/models/performance/comparison?${query}`);
  expect(status).toBe(200);
  expect(body.strategies.map((each: { strategy_code: string }) => each.strategy_code)).toEqual(codes);
  for (const row of body.strategies) {
    const code = row.strategy_code as string;
    const expected = expectedComparison(
      await equityOf(code, run),
      await tradesOf(code, run),
      INITIAL[code]!,
      from,
      end,
    );
    for (const [name, value] of Object.entries(expected)) {
      expect(row, `${code} has ${name}`).toHaveProperty(name);
      if (typeof value === 'number' && row[name] !== null) {
        expect(Math.abs(row[name] - value), `${code} ${name}: ${row[name]} for ${value}`).toBeLessThanOrEqual(
          FOUR.has(name) ? 2e-4 : HALF_A_UNIT,
        );
      } else expect(row[name], `${code} ${name}`).toBe(value);
    }
  }
  return body;
}

describe('comparison: every figure again from the rows', () => {
  it.each([
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['30d', 30 * DAY],
    ['all', Infinity],
  ])('period %s', async (period, span) => {
    const body = await checkComparison(`period=${period}`, NOW - span, NOW);
    expect(body.end_date).toBe(new Date(NOW).toISOString());
    if (span < Infinity) expect(body.start_date).toBe(new Date(NOW - span).toISOString());
  });

  it.each([
    ['on a Sunday, when a day holds no session', '2025-03-02T20:00:00Z'],
    ['the moment a session ends', '2025-03-03T18:00:00Z'],
    ['a millisecond before a session ends', '2025-03-03T17:59:59.999Z'],
    ['before the market opens', '2025-03-05T12:00:00Z'],
    ['the day after the session that BETA has no rows in', '2025-01-25T15:00:00Z'],
    ['in the session after it', '2025-01-27T15:00:00Z'],
    ['in the first session of all', '2025-01-08T15:00:00Z'],
    ['before anything was stored', '2025-01-07T15:00:00Z'],
  ])('%s', async (_, now) => {
    stage.clock.time = Date.parse(now);
    try {
      for (const [period, span] of Object.entries({ '24h': DAY, '7d': 7 * DAY, '30d': 30 * DAY, all: Infinity })) {
        await checkComparison(`period=${period}`, stage.clock.time - span, stage.clock.time);
      }
    } finally {
      stage.clock.time = NOW;
    }
  });

  it('has the reference’s fields in its order', async () => {
    const { body } = await stage.get('/api/models/performance/comparison');
    expect(body.period).toBe('30d');
    expect(Object.keys(body).slice(0, 4)).toEqual(['period', 'start_date', 'end_date', 'strategies']);
    expect(Object.keys(body.strategies[0]).slice(0, 17)).toEqual(
      (
        'strategy_code strategy_name strategy_type total_return_pct daily_return_pct sharpe_ratio sortino_ratio calmar_ratio total_trades ' +
        'win_rate profit_factor max_drawdown_pct current_drawdown_pct volatility_pct avg_hold_time_minutes current_equity open_positions'
      ).split(' '),
    );
  });

  it('a session without rows gives no return: BETA has one fewer than ALPHA', async () => {
    const { body } = await stage.get('/api/models/performance/comparison?period=all');
    const [alpha, beta, quiet] = body.strategies;
    expect(alpha.n - beta.n).toBe(1);
    expect(alpha.n).toBe(seeded.sessions.length - 1);
    expect(quiet).toMatchObject({ n: 0, sharpe_ratio: null, total_return_pct: null, current_equity: 10_000 });
  });

  it('the session that is running counts once it is over, not before', async () => {
    const n = async (): Promise<number> =>
      (await stage.get('/api/models/performance/comparison?period=all')).body.strategies[0].n;
    const running = await n();
    const over = calendar.sessionClose('2025-03-07')!;
    try {
      stage.clock.time = over - 1;
      expect(await n()).toBe(running);
      stage.clock.time = over;
      expect(await n()).toBe(running + 1);
    } finally {
      stage.clock.time = NOW;
    }
  });

  it('under 10 returns ratios are null', async () => {
    const { body } = await stage.get('/api/models/performance/comparison?period=7d');
    expect(body.strategies[0].n).toBeLessThan(10);
    expect(body.strategies[0]).toMatchObject({
      sharpe_ratio: null,
      sortino_ratio: null,
      volatility_pct: null,
      sharpe_standard_error: null,
    });
  });
});

describe('equity curves: every point again from the rows', () => {
  it.each([
    ['5m', 24],
    ['5m', 1],
    ['1h', 48],
    ['1d', 720],
  ])('resolution %s over %d hours', async (resolution, hours) => {
    const { body } = await stage.get(`/api/models/equity-curves?resolution=${resolution}&hours=${hours}`);
    const from = NOW - hours * HOUR;
    expect(body).toMatchObject({
      start_date: new Date(from).toISOString(),
      end_date: new Date(NOW).toISOString(),
      resolution,
    });
    expect(body.curves.map((each: { strategy_code: string }) => each.strategy_code)).toEqual([
      'ALPHA',
      'BETA',
      'QUIET',
    ]);
    for (const curve of body.curves) {
      const rows = await equityOf(curve.strategy_code);
      const initial = INITIAL[curve.strategy_code]!;
      const earlier = rows.filter((row) => row.at <= from);
      const start = earlier.length > 0 ? earlier[earlier.length - 1]!.equity : initial;
      const inside = rows.filter((row) => row.at > from && row.at <= NOW);
      const last: Record<string, Row> = {};
      for (const row of inside)
        last[resolution === '5m' ? row.bar : resolution === '1h' ? Math.floor(row.bar / HOUR) : bogota(row.bar)] = row;
      const points = Object.values(last).sort((a, b) => a.bar - b.bar);
      expect(curve.data.map((point: { timestamp: string }) => Date.parse(point.timestamp))).toEqual(
        points.map((row) => row.at),
      );
      curve.data.forEach((point: { equity_value: number; return_pct: number; drawdown_pct: number }, i: number) => {
        const row = points[i]!;
        expect(point.equity_value).toBe(row.equity);
        close(point.return_pct, (100 * (row.equity - start)) / start);
        const peak = Math.max(initial, ...rows.filter((each) => each.at <= row.at).map((each) => each.equity));
        close(point.drawdown_pct, (100 * (peak - row.equity)) / peak);
      });
      if (inside.length === 0) expect(curve.summary).toBeNull();
      else {
        const end = inside[inside.length - 1]!.equity;
        expect(curve.summary).toMatchObject({ starting_equity: start, ending_equity: end });
        close(curve.summary.total_return_pct, (100 * (end - start)) / start);
      }
    }
  });

  it('only the strategies that are asked for', async () => {
    const { body } = await stage.get('/api/models/equity-curves?strategies=BETA');
    expect(body.curves.map((each: { strategy_code: string }) => each.strategy_code)).toEqual(['BETA']);
  });

  it('a drawdown that was not stored follows from the rows', async () => {
    await stage.pool.query('BEGIN');
    const { rows } = await stage.pool.query(
      `UPDATE dw.fact_equity_curve SET current_drawdown_pct = NULL WHERE strategy_id = $1 AND timestamp_utc > $2 RETURNING 1`,
      [seeded.ids['ALPHA'], new Date(NOW - HOUR)],
    );
    await stage.pool.query('COMMIT');
    expect(rows.length).toBe(12);
    const all = await equityOf('ALPHA');
    const { body } = await stage.get('/api/models/equity-curves?strategies=ALPHA&hours=1');
    const peak = Math.max(10_000, ...all.map((row) => row.equity));
    close(body.curves[0].data.at(-1).drawdown_pct, 100 - (100 * all[all.length - 1]!.equity) / peak);
  });
});

describe('positions: every figure again from the rows', () => {
  it('open ones, marked at the last complete bar', async () => {
    const { body } = await stage.get('/api/models/positions/current');
    const { rows } = await stage.pool.query(
      `SELECT p.*, strategy_code, strategy_name FROM dw.fact_strategy_positions p JOIN dw.dim_strategy USING (strategy_id)
       WHERE status = 'open' ORDER BY strategy_code`,
    );
    const [bar] = (await stage.pool.query('SELECT close FROM usdcop_m5_ohlcv WHERE time = $1', [new Date(NOW - SLOT)]))
      .rows;
    expect(Object.keys(body).slice(0, 5)).toEqual([
      'timestamp',
      'total_positions',
      'total_notional',
      'total_pnl',
      'positions',
    ]);
    expect(body.total_positions).toBe(2);
    expect(body.total_notional).toBe(Math.round((2500 + 1234.567891) * 100) / 100);
    expect(body.total_pnl).toBe(6.67);
    body.positions.forEach((position: Record<string, number | string>, i: number) => {
      const row = rows[i];
      expect(position).toMatchObject({
        position_id: row.position_id,
        strategy_code: row.strategy_code,
        strategy_name: row.strategy_name,
        side: row.side,
        quantity: row.quantity,
        entry_price: row.entry_price,
        current_price: bar.close,
        stop_loss: 4290,
        take_profit: 4330,
        unrealized_pnl: row.unrealized_pnl,
        entry_time: new Date(row.entry_time).toISOString(),
        holding_time_minutes: 20,
        leverage: 1,
      });
      close(position['unrealized_pnl_pct'] as number, (100 * row.unrealized_pnl) / row.quantity);
    });
    const one = (await stage.get('/api/models/positions/current?strategy=BETA')).body;
    expect(one).toMatchObject({ total_positions: 1, total_pnl: -5.67 });
    expect((await stage.get('/api/models/positions/current?strategy=OLD')).body).toMatchObject({
      total_positions: 0,
      total_notional: 0,
      total_pnl: 0,
    });
  });
});

describe('P&L: every figure again from the rows', () => {
  it.each([
    ['today', 1],
    ['week', 7],
    ['month', 30],
    ['all', 100_000],
  ])('period %s, by the date of the exit in Bogota', async (period, days) => {
    const { body } = await stage.get(`/api/models/pnl/summary?period=${period}`);
    const first =
      period === 'all'
        ? seeded.sessions[0]!
        : new Date(Date.parse('2025-03-07') - (days - 1) * DAY).toISOString().slice(0, 10);
    expect(body).toMatchObject({ period, start_date: first, end_date: '2025-03-07' });
    let portfolio = 0;
    for (const row of body.strategies) {
      const done = (await tradesOf(row.strategy_code)).filter(
        (t) => t.status === 'closed' && bogota(t.exit!) >= first && t.exit! <= NOW,
      );
      const cents = (x: number): number => Math.round(x * 100);
      const up = done.filter((t) => t.pnl > 0).reduce((sum, t) => sum + cents(t.pnl), 0);
      const down = done.filter((t) => t.pnl < 0).reduce((sum, t) => sum - cents(t.pnl), 0);
      const fees = done.reduce((sum, t) => sum + cents(t.fees), 0);
      const nets = done.map((t) => cents(t.pnl) - cents(t.fees));
      const wins = nets.filter((x) => x > 0);
      const losses = nets.filter((x) => x < 0);
      const won = wins.reduce((a, b) => a + b, 0);
      const lost = -losses.reduce((a, b) => a + b, 0);
      expect(row).toMatchObject({
        gross_profit: up / 100,
        gross_loss: down / 100,
        total_fees: fees / 100,
        net_profit: (up - down - fees) / 100,
        n_trades: done.length,
        n_wins: wins.length,
        n_losses: losses.length,
      });
      close(row.win_rate, wins.length + losses.length === 0 ? null : wins.length / (wins.length + losses.length));
      close(row.avg_win, wins.length === 0 ? null : won / 100 / wins.length, 2);
      close(row.avg_loss, losses.length === 0 ? null : lost / 100 / losses.length, 2);
      close(row.avg_trade, done.length === 0 ? null : (won - lost) / 100 / done.length, 2);
      close(row.profit_factor, losses.length === 0 ? null : won / lost);
      portfolio += up - down - fees;
    }
    expect(body.portfolio_total).toBe(portfolio / 100);
    if (period === 'all') {
      expect(body.strategies[0].n_trades, 'a break-even after fees is neither').toBeGreaterThan(
        body.strategies[0].n_wins + body.strategies[0].n_losses,
      );
    }
  });
});

describe('a backtest answers by ?run=, from its own rows, with windows that end at its end', () => {
  it('comparison, curves, positions, P&L and signals', async () => {
    const run = 'bt-1';
    await stage.pool.query(
      `INSERT INTO dw.runs (run_id, kind, state, from_time, to_time, strategies) VALUES ($1, 'backtest', 'done', $2, $3, '{ALPHA,BETA}')`,
      [run, new Date(slotsOf(seeded.sessions[0]!)[0]!), new Date(NOW)],
    );
    await seed(stage.pool, run);
    const later = NOW + 40 * DAY;
    stage.clock.time = later;
    try {
      await checkComparison(`period=30d&run=${run}`, NOW - 30 * DAY, NOW, run, ['ALPHA', 'BETA']);
      await checkComparison(`period=all&run=${run}`, -Infinity, NOW, run, ['ALPHA', 'BETA']);
      const curves = (await stage.get(`/api/models/equity-curves?run=${run}`)).body;
      expect(curves).toMatchObject({ end_date: new Date(NOW).toISOString(), run_id: run });
      expect(curves.curves[0].data.length).toBeGreaterThan(10);
      expect((await stage.get(`/api/models/pnl/summary?run=${run}`)).body.end_date).toBe('2025-03-07');
      expect((await stage.get(`/api/models/positions/current?run=${run}`)).body).toMatchObject({
        total_positions: 2,
        total_pnl: 6.67,
      });
      const signals = (await stage.get(`/api/models/signals/latest?run=${run}`)).body;
      expect(signals.timestamp).toBe(new Date(NOW).toISOString());
      expect(signals.signals.map((each: { strategy_code: string }) => each.strategy_code)).toEqual(['ALPHA', 'BETA']);
      expect(signals.signals[0].age_seconds).toBe(300);
      expect(
        (await stage.get('/api/models/equity-curves')).body.curves[0].data,
        'the live run shows none of it',
      ).toEqual([]);
    } finally {
      stage.clock.time = NOW;
    }
  });
});

it('the session that BETA has no rows in is where the tests above take it to be', () => {
  expect(seeded.sessions[12]).toBe('2025-01-24');
});

it('an empty world is 200 with empty data and nulls', async () => {
  const empty = await openStage();
  for (const path of [
    'signals/latest',
    'performance/comparison?period=all',
    'equity-curves',
    'positions/current',
    'pnl/summary?period=all',
  ]) {
    expect((await empty.get(`/api/models/${path}`)).status).toBe(200);
  }
  expect((await empty.get('/api/models/signals/latest')).body).toMatchObject({ market_price: null, signals: [] });
  await empty.close();
});
