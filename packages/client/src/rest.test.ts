import { describe, expect, it } from 'vitest';
import { ApiError, createClient } from './index.js';

interface Sent {
  url: string;
  init: RequestInit;
}
/** A client whose requests are kept, and answered by `answer`. */
function clientOf(answer: (sent: Sent) => Response | Promise<Response>, options = {}) {
  const sent: Sent[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    sent.push({ url, init });
    return answer(sent.at(-1)!);
  }) as typeof globalThis.fetch;
  return { sent, client: createClient({ baseUrl: 'http://localhost:8006/', fetch, ...options }) };
}
const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });

describe('createClient', () => {
  it('makes one request for each route, with encoded parts and only the parameters given', async () => {
    const { client, sent } = clientOf(() => json({}));
    await client.health();
    await client.latestSignals();
    await client.performanceComparison({ period: '7d' });
    await client.equityCurves({ hours: 48, strategies: 'A,B', resolution: '1h' });
    await client.currentPositions({ strategy: 'A' });
    await client.pnlSummary({ period: 'week', run: 'bt-1' });
    await client.models();
    await client.signals('A/B', { limit: 5 });
    await client.trades('A');
    await client.events({ since: 3 });
    await client.clock();
    await client.candlesticks('USD/COP', { timeframe: '1h' });
    await client.riskMetrics({ portfolio_value: 5, strategy: 'A' });
    await client.risk({ run: 'bt-1' });
    await client.alerts({ strategy: 'A', limit: 5 });
    expect(sent.map(({ url }) => url.replace('http://localhost:8006', ''))).toEqual([
      '/api/health',
      '/api/models/signals/latest',
      '/api/models/performance/comparison?period=7d',
      '/api/models/equity-curves?hours=48&strategies=A%2CB&resolution=1h',
      '/api/models/positions/current?strategy=A',
      '/api/models/pnl/summary?period=week&run=bt-1',
      '/api/models',
      '/api/models/A%2FB/signals?limit=5',
      '/api/models/A/trades',
      '/api/events?since=3',
      '/api/clock',
      '/api/candlesticks/USD%2FCOP?timeframe=1h',
      '/api/analytics/risk-metrics?portfolio_value=5&strategy=A',
      '/api/risk/status?run=bt-1',
      '/api/alerts?strategy=A&limit=5',
    ]);
    expect(sent.every(({ init }) => init.method === 'GET')).toBe(true);
  });

  it('commands the clock by JSON', async () => {
    const { client, sent } = clientOf(() => json({}));
    await client.commandClock({ action: 'speed', speed: 120 });
    expect(sent[0]!.init).toMatchObject({ method: 'POST', body: '{"action":"speed","speed":120}' });
    expect(new Headers(sent[0]!.init.headers).get('content-type')).toBe('application/json');
  });

  it('what changes something is a POST with a JSON body', async () => {
    const { client, sent } = clientOf(() => json({}, 201));
    const signal = { symbol: 'USDCOP', bar_time: 't', signal: 'flat', confidence: null, reasoning: 'r' } as const;
    await client.deliverSignal('ML/NEW', signal);
    await client.resetRisk('A', 'looked into');
    await client.runCycle({ symbol: 'USDCOP', bar_time: 't' });
    expect(sent.map(({ url, init }) => [url.slice('http://localhost:8006'.length), init.method, init.body])).toEqual([
      ['/api/models/ML%2FNEW/signals', 'POST', JSON.stringify(signal)],
      ['/api/risk/A/reset', 'POST', '{"reason":"looked into"}'],
      ['/api/cycles', 'POST', '{"symbol":"USDCOP","bar_time":"t"}'],
    ]);
  });

  it('logs in and out by POST, with the password in the body alone', async () => {
    const { client, sent } = clientOf(() => json({}));
    await client.session();
    await client.login({ email: 'a@b.c', password: 'pass-1' });
    await client.webSocketTicket();
    await client.logout();
    expect(sent.map(({ url, init }) => [url.slice('http://localhost:8006'.length), init.method, init.body])).toEqual([
      ['/api/session', 'GET', undefined],
      ['/api/login', 'POST', '{"email":"a@b.c","password":"pass-1"}'],
      ['/api/ws-ticket', 'POST', '{}'],
      ['/api/logout', 'POST', '{}'],
    ]);
  });

  it('jobs are queued by POST and ended by DELETE without a body', async () => {
    const { client, sent } = clientOf(() => json({}, 202));
    await client.startBacktest({ strategies: ['A'], from: '2025-01-08', config: { name: 'one' } });
    await client.startJob({ kind: 'features' });
    await client.endBacktest('job/1');
    await client.endJob('job-2');
    await client.jobs({ kind: 'sweep', state: 'done', limit: 5 });
    expect(sent.map(({ url, init }) => [init.method, url.replace('http://localhost:8006', ''), init.body])).toEqual([
      ['POST', '/api/backtests', '{"strategies":["A"],"from":"2025-01-08","config":{"name":"one"}}'],
      ['POST', '/api/jobs', '{"kind":"features"}'],
      ['DELETE', '/api/backtests/job%2F1', undefined],
      ['DELETE', '/api/jobs/job-2', undefined],
      ['GET', '/api/jobs?kind=sweep&state=done&limit=5', undefined],
    ]);
  });

  it('sends the key in a header, never in the URL', async () => {
    const { client, sent } = clientOf(() => json({}), { apiKey: 'k-1' });
    await client.models();
    expect(new Headers(sent[0]!.init.headers).get('authorization')).toBe('Bearer k-1');
    expect(sent[0]!.url).not.toContain('k-1');
  });

  it('rejects with status, code and detail of the host', async () => {
    const { client } = clientOf(() =>
      json({ detail: 'run: there is none', status_code: 404, code: 'RUN_UNKNOWN' }, 404),
    );
    const refused = client.latestSignals({ run: 'x' });
    await expect(refused).rejects.toBeInstanceOf(ApiError);
    await expect(refused).rejects.toMatchObject({ status: 404, code: 'RUN_UNKNOWN', message: 'run: there is none' });
  });

  it('an unhealthy host answers, it does not reject', async () => {
    const { client } = clientOf(() => json({ status: 'unhealthy', database: 'disconnected' }, 503));
    await expect(client.health()).resolves.toMatchObject({ status: 'unhealthy' });
  });

  it('an error that is no JSON is still an ApiError; a host that is not there has status 0', async () => {
    await expect(clientOf(() => new Response('<html>', { status: 502 })).client.models()).rejects.toMatchObject({
      status: 502,
      code: 'UNKNOWN',
    });
    const { client } = clientOf(() => Promise.reject(new TypeError('fetch failed')));
    await expect(client.models()).rejects.toMatchObject({ status: 0, code: 'UNREACHABLE' });
  });

  it('gives up after its timeout', async () => {
    const { client } = clientOf(
      ({ init }) =>
        new Promise((_, reject) => init.signal!.addEventListener('abort', () => reject(init.signal!.reason as Error))),
      { timeout: 20 },
    );
    await expect(client.models()).rejects.toMatchObject({ status: 0 });
  });
});
