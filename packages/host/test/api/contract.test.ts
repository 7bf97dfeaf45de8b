import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '../../src/stores/postgres/pool.js';
import { createReads } from '../../src/stores/postgres/reads/index.js';
import { calendar, NOW, openStage, seed, SLOT, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    statuses: [
      {
        code: 'ALPHA',
        package: '@x/alpha',
        version: '1.2.3',
        state: 'RUNNING',
        reason: null,
        champion: { version: '1', sha256: 'ab', trainedOn: 'simulated' },
      },
      { code: 'BETA', package: '@x/beta', version: '1.0.0', state: 'refused', reason: 'wrong model', champion: null },
    ],
  });
  await seed(stage.pool);
});
afterAll(() => stage.close());

/** Raw, because fetch sets Host itself. */
function raw(options: http.RequestOptions, on = stage.models, body?: string) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: on.port, ...options }, (response) => {
      let text = '';
      response
        .on('data', (chunk) => (text += chunk))
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('the reference’s routes answer with its shapes', () => {
  it('/ lists every route', async () => {
    const { status, body } = await stage.get('/');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['message', 'version', 'endpoints']);
    for (const path of [
      '/api/health',
      '/api/models/signals/latest',
      '/api/models/performance/comparison',
      '/api/models/equity-curves',
      '/api/models/positions/current',
      '/api/models/pnl/summary',
      '/ws/trading-signals',
    ]) {
      expect(body.endpoints).toHaveProperty([path]);
    }
  });

  it('health begins with the reference’s three fields', async () => {
    const { status, body } = await stage.get('/api/health');
    expect(status).toBe(200);
    expect(Object.keys(body).slice(0, 3)).toEqual(['status', 'database', 'timestamp']);
    expect(body).toMatchObject({
      status: 'healthy',
      database: 'connected',
      timestamp: '2025-03-07T15:00:00.000Z',
      world: 'market',
      simulated: false,
      clock: { mode: 'wall', speed: 1, now: '2025-03-07T15:00:00.000Z' },
      strategies: [
        { strategy_code: 'ALPHA', state: 'RUNNING', reason: null },
        { strategy_code: 'BETA', state: 'refused', reason: 'wrong model' },
      ],
    });
    expect((await stage.get('/api/health', stage.trading)).body.status).toBe('healthy');
  });

  it('signals/latest: the newest of each active strategy, ordered by code, exactly as stored', async () => {
    const { body } = await stage.get('/api/models/signals/latest');
    const [{ close }] = (
      await stage.pool.query(
        `SELECT close FROM usdcop_m5_ohlcv WHERE time + interval '5 min' <= $1 ORDER BY time DESC LIMIT 1`,
        [new Date(NOW)],
      )
    ).rows;
    expect(Object.keys(body).slice(0, 4)).toEqual(['timestamp', 'market_price', 'market_status', 'signals']);
    expect(body).toMatchObject({ timestamp: '2025-03-07T15:00:00.000Z', market_price: close, market_status: 'open' });
    expect(body.signals.map((each: { strategy_code: string }) => each.strategy_code)).toEqual(['ALPHA', 'BETA']);
    expect(Object.keys(body.signals[0]).slice(0, 13)).toEqual(
      'strategy_code strategy_name signal side confidence size entry_price stop_loss take_profit risk_usd reasoning timestamp age_seconds'.split(
        ' ',
      ),
    );
    expect(body.signals[0]).toMatchObject({
      strategy_name: 'Alpha policy',
      signal: 'long',
      side: 'buy',
      confidence: 0.71,
      size: 0.2,
      entry_price: 4301.5,
      stop_loss: 4290,
      take_profit: 4330,
      risk_usd: 50.25,
      reasoning: 'bars back: 1',
      timestamp: '2025-03-07T14:55:00.000Z',
      age_seconds: 300,
      bar_time: '2025-03-07T14:50:00.000Z',
    });
    expect(body.signals[1]).toMatchObject({ signal: 'flat', side: 'hold', size: null, age_seconds: 0 });
  });

  it('/api/models says state and reason, and the last bar without an opinion', async () => {
    const { body } = await stage.get('/api/models');
    expect(body.models.map((each: { strategy_code: string }) => each.strategy_code)).toEqual([
      'ALPHA',
      'BETA',
      'OLD',
      'QUIET',
    ]);
    expect(body.models[0]).toMatchObject({
      state: 'RUNNING',
      version: '1.2.3',
      champion: { version: '1', sha256: 'ab', trained_on: 'simulated' },
      origin: 'plugin',
      last_no_signal: null,
    });
    expect(body.models[1]).toMatchObject({ state: 'refused', reason: 'wrong model' });
    expect(body.models[2]).toMatchObject({ is_active: false, state: 'inactive' });
    expect(body.models[3]).toMatchObject({
      origin: 'external',
      state: 'external',
      last_no_signal: { code: 'unavailable', detail: 'no key', bar_time: new Date(NOW - SLOT).toISOString() },
    });
  });

  it('signals and trades of one strategy: newest first, limit, before', async () => {
    const all = (await stage.get('/api/models/ALPHA/signals')).body.signals;
    expect(all.map((each: { reasoning: string }) => each.reasoning)).toEqual([
      'bars back: 1',
      'bars back: 2',
      'bars back: 3',
    ]);
    const before = encodeURIComponent(all[0].timestamp);
    const page = (await stage.get(`/api/models/ALPHA/signals?limit=1&before=${before}`)).body.signals;
    expect(page).toEqual([all[1]]);
    const { rows } = await stage.pool.query(
      `SELECT p.position_id FROM dw.fact_strategy_positions p JOIN dw.dim_strategy USING (strategy_id)
       WHERE strategy_code = 'BETA' ORDER BY entry_time DESC LIMIT 1000`,
    );
    const { trades } = (await stage.get('/api/models/BETA/trades?limit=1000')).body;
    expect(trades.map((each: { position_id: number }) => each.position_id)).toEqual(rows.map((row) => row.position_id));
    expect(trades[0]).toMatchObject({ status: 'open', exit_time: null, exit_price: null });
  });

  it('/api/clock: market time, status, and the session to come', async () => {
    const { body } = await stage.get('/api/clock');
    expect(body).toMatchObject({
      mode: 'wall',
      world: 'market',
      market_status: 'open',
      next_open: '2025-03-10T13:00:00.000Z',
      next_close: '2025-03-07T18:00:00.000Z',
    });
  });
});

describe('errors have one shape and name what is wrong', () => {
  const cases: readonly [string, number, string, string][] = [
    ['/api/nothing', 404, 'ROUTE_UNKNOWN', '/api/nothing'],
    ['/api/models/signals/latest?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/performance/comparison?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/equity-curves?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/positions/current?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/pnl/summary?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/ALPHA/signals?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/ALPHA/trades?run=none', 404, 'RUN_UNKNOWN', 'run'],
    ['/api/models/NOBODY/signals', 404, 'STRATEGY_UNKNOWN', 'NOBODY'],
    ['/api/models/NOBODY/trades', 404, 'STRATEGY_UNKNOWN', 'NOBODY'],
    ['/api/models/positions/current?strategy=NOBODY', 404, 'STRATEGY_UNKNOWN', 'NOBODY'],
    ['/api/models/equity-curves?strategies=ALPHA,NOBODY', 404, 'STRATEGY_UNKNOWN', 'NOBODY'],
    ['/api/models/signals/latest?symbol=EURUSD', 404, 'SYMBOL_UNKNOWN', 'EURUSD'],
    ['/api/models/signals/latest?symbl=USDCOP', 422, 'PARAMETER_INVALID', 'symbl'],
    ['/api/models?x=1', 422, 'PARAMETER_INVALID', 'x'],
    ['/api/models/performance/comparison?period=1y', 422, 'PARAMETER_INVALID', 'period'],
    ['/api/models/equity-curves?hours=0', 422, 'PARAMETER_INVALID', 'hours'],
    ['/api/models/equity-curves?hours=721', 422, 'PARAMETER_INVALID', 'hours'],
    ['/api/models/equity-curves?hours=1e2', 422, 'PARAMETER_INVALID', 'hours'],
    ['/api/models/equity-curves?hours=0x10', 422, 'PARAMETER_INVALID', 'hours'],
    ['/api/models/equity-curves?hours=24&hours=25', 422, 'PARAMETER_INVALID', 'hours'],
    ['/api/models/equity-curves?resolution=2h', 422, 'PARAMETER_INVALID', 'resolution'],
    ['/api/models/equity-curves?strategies=A;DROP', 422, 'PARAMETER_INVALID', 'strategies'],
    ['/api/models/pnl/summary?period=year', 422, 'PARAMETER_INVALID', 'period'],
    ['/api/models/ALPHA/signals?limit=1001', 422, 'PARAMETER_INVALID', 'limit'],
    ['/api/models/ALPHA/signals?before=yesterday', 422, 'PARAMETER_INVALID', 'before'],
    ['/api/models/A%27B/signals', 422, 'PARAMETER_INVALID', 'code'],
    ['/api/events?since=-1', 422, 'PARAMETER_INVALID', 'since'],
    ['/api/events?since=1', 400, 'SINCE_INVALID', 'since'],
  ];
  it.each(cases)('%s → %d %s', async (path, status, code, named) => {
    const answer = await stage.get(path);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.body)).toEqual(['detail', 'status_code', 'code']);
    expect(answer.body).toMatchObject({ status_code: status, code });
    expect(answer.body.detail).toContain(named);
  });

  it('an empty value counts as absent', async () => {
    expect((await stage.get('/api/models/equity-curves?hours=&strategies=')).status).toBe(200);
  });

  it('405 with Allow; HEAD is GET without a body', async () => {
    const refused = await raw({ method: 'DELETE', path: '/api/models' });
    expect(refused.status).toBe(405);
    expect(refused.headers.allow).toBe('GET, HEAD');
    expect(JSON.parse(refused.text)).toMatchObject({ status_code: 405, code: 'METHOD_NOT_ALLOWED' });
    expect((await raw({ method: 'PUT', path: '/api/clock' })).headers.allow).toBe('GET, HEAD, POST');
    const head = await raw({ method: 'HEAD', path: '/api/models' });
    expect(head).toMatchObject({ status: 200, text: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100);
  });

  it('every answer says nosniff and none says what serves it', async () => {
    for (const path of ['/', '/api/nothing', '/openapi.json']) {
      const { headers } = await raw({ path });
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it.each([
    'evil.example',
    'evil.example:8006',
    'localhost.evil.example',
    'localhost@evil.example',
    '127.0.0.1.nip.io',
  ])('a request under the name %j is refused: a rebound DNS name carries it', async (host) => {
    const { status, text } = await raw({ path: '/api/health', headers: { host } });
    expect([400, 403]).toContain(status);
    expect(text).not.toContain('healthy');
  });
  it.each(['localhost', 'localhost:1', '127.0.0.1:8006', '[::1]:8006'])(
    'the loopback name %s is served',
    async (host) => {
      expect((await raw({ path: '/api/health', headers: { host } })).status).toBe(200);
    },
  );

  it('malformed escapes are no 500', async () => {
    for (const path of [
      '/api/models/%zz/signals',
      '/api/models/%00/signals',
      '/api/models/%E0%A4%A/trades',
      '//',
      '/%2e%2e/',
    ]) {
      expect((await raw({ path })).status).toBeLessThan(500);
    }
  });

  it('an error inside shows no text of its own', async () => {
    await stage.pool.query('ALTER TABLE dw.fact_no_signal RENAME TO elsewhere');
    const answer = await stage
      .get('/api/models')
      .finally(() => stage.pool.query('ALTER TABLE dw.elsewhere RENAME TO fact_no_signal'));
    expect(answer.status).toBe(500);
    expect(answer.body.code).toBe('INTERNAL');
    expect(JSON.stringify(answer.body)).not.toMatch(/fact_no_signal|relation|dw\./);
    expect(String(stage.errors.pop())).toContain('fact_no_signal');
  });
});

describe('with the database down', () => {
  it('health is 503 unhealthy, routes are 503 STORE_DOWN without its address, and the clock still answers', async () => {
    const pool = openPool({ host: '127.0.0.1', port: 1, user: 'hidden-user', database: 'hidden-name' });
    const down = await openStage({ reads: createReads(pool) });
    const health = await down.get('/api/health');
    expect(health.status).toBe(503);
    expect(health.body).toMatchObject({ status: 'unhealthy', database: 'disconnected' });
    for (const route of [
      '',
      '/equity-curves',
      '/performance/comparison',
      '/positions/current',
      '/pnl/summary',
      '/signals/latest',
    ]) {
      const { status, body } = await down.get(`/api/models${route}`);
      expect({ status, code: body.code }).toEqual({ status: 503, code: 'STORE_DOWN' });
      expect(JSON.stringify(body)).not.toMatch(/hidden|127\.0\.0\.1|ECONN/);
    }
    expect((await down.get('/api/clock')).status).toBe(200);
    await down.close();
    await pool.end();
  });
});

describe('clock commands', () => {
  const post = (on: Stage, body: unknown, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    raw(
      { method: 'POST', path: '/api/clock', headers },
      on.models,
      typeof body === 'string' ? body : JSON.stringify(body),
    );

  it('a market world refuses them', async () => {
    expect(await post(stage, { action: 'pause' })).toMatchObject({ status: 409 });
  });

  it('a simulated world obeys; bad bodies and foreign origins never reach the clock', async () => {
    const done: string[] = [];
    const demo = await openStage({
      world: 'simulated',
      control: {
        pause: () => void done.push('pause'),
        resume: () => void done.push('resume'),
        step: () => void done.push('step'),
        restart: () => void done.push('restart'),
        setSpeed: (speed) => void done.push(`speed ${speed}`),
      },
    });
    for (const action of ['pause', 'resume', 'step', 'restart'])
      expect((await post(demo, { action })).status).toBe(200);
    expect((await post(demo, { action: 'speed', speed: 120 })).status).toBe(200);
    expect(done).toEqual(['pause', 'resume', 'step', 'restart', 'speed 120']);

    const json = { 'content-type': 'application/json' };
    const refused: [unknown, Record<string, string>, number][] = [
      [{ action: 'speed' }, json, 422],
      [{ action: 'speed', speed: 0 }, json, 422],
      [{ action: 'stop' }, json, 422],
      [{ action: 'pause', more: 1 }, json, 422],
      ['[]', json, 422],
      ['{', json, 400],
      ['{"action":"pause"}', { 'content-type': 'text/plain' }, 415],
      [`{"action":"${'x'.repeat(1_100_000)}"}`, json, 413],
      [{ action: 'pause' }, { ...json, origin: 'http://evil.example' }, 403],
      [{ action: 'pause' }, { ...json, origin: 'http://localhost:1' }, 403],
      [{ action: 'pause' }, { ...json, origin: 'null' }, 403],
      [{ action: 'pause' }, { ...json, 'sec-fetch-site': 'cross-site' }, 403],
    ];
    for (const [body, headers, status] of refused) {
      expect({ body, headers, status: (await post(demo, body, headers)).status }).toEqual({ body, headers, status });
    }
    expect(done).toHaveLength(5);
    const own = `http://localhost:${demo.models.port}`;
    const answer = await post(
      demo,
      { action: 'pause' },
      { ...json, host: `localhost:${demo.models.port}`, origin: own },
    );
    expect(answer.status).toBe(200);
    await demo.close();
  });
});

it('the calendar of the tests is that of the market', () => {
  expect(calendar.slotsPerSession).toBe(60);
});
