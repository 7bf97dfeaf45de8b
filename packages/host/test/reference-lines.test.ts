import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../src/stores/postgres/embedded.js';
import { psqlEnvironment } from '../src/stores/postgres/connection.js';
import { premises } from '../src/stores/postgres/premises.js';
import { connect, createClient, type Connection, type StreamEvent } from '@signalbox/client';
import { WebSocket } from 'ws';
import { runReferenceClient } from './reference-client.mjs';
import { hasRedis, PASSWORD, startRedis, type RedisServer } from './redis.js';
import { databaseUrl, repository, startHost, type RunningHost } from './running-host.js';

// The reference's own lines against a host that runs. `docker-compose exec postgres` goes before psql there; here libpq's
// environment says where the server is, and the ports are free ones. Nothing else differs.
const redisThere = hasRedis();
const missing = ['psql', 'pg_isready', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0);
if (missing.length > 0 && process.env['SIGNALBOX_NO_SKIPS']) throw new Error(`not installed: ${missing.join(', ')}`);
if (missing.length > 0) console.warn(`SKIPPED: the reference's lines need ${missing.join(', ')}`);

describe.skipIf(missing.length > 0)('the reference’s lines, as written', () => {
  const project = mkdtempSync(join(tmpdir(), 'signalbox-lines-'));
  let server: PostgresServer;
  let redis: RedisServer | undefined;
  let host: RunningHost;
  let urls: Readonly<Record<string, string>>;
  let where: Record<string, string>;

  beforeAll(async () => {
    writeFileSync(join(project, 'package.json'), '{}');
    server = await startPostgres({ projectDir: project, env: {}, settings: { fsync: 'off' } });
    const connection = server.connection('usdcop_trading');
    const { PGHOST = '', PGPORT = '', PGPASSWORD } = psqlEnvironment(connection);
    where = { PGHOST, PGPORT, ...(PGPASSWORD === undefined ? {} : { PGPASSWORD }) };
    redis = redisThere ? await startRedis() : undefined;
    host = startHost(connection, ['--world', 'demo', '--speed', '600'], {
      SIGNALBOX_PORT_ANALYTICS: '0',
      ...(redis ? { REDIS_URL: redis.address.url, REDIS_PASSWORD: PASSWORD } : {}),
    });
    urls = await host.urls;
    await host.ready;
  }, 180_000);

  afterAll(async () => {
    host.child.kill('SIGINT');
    await host.ended;
    await redis?.stop();
    await server.stop();
    rmSync((await premises(project)).base, { recursive: true, force: true });
    rmSync(project, { recursive: true, force: true });
  }, 60_000);

  function shell(line: string): string {
    const command = line
      .replace(/^docker-compose exec \w+ /, '')
      .replace(/localhost:8000/, new URL(urls['trading']!).host)
      .replace(/localhost:8001/, new URL(urls['analytics']!).host)
      .replace(/localhost:8006/, new URL(urls['models']!).host);
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], {
      encoding: 'utf8',
      env: { ...process.env, ...where },
    });
    if (status !== 0) throw new Error(`${line}\n${stdout}${stderr}`);
    return stdout;
  }
  const json = (line: string): Record<string, unknown> => JSON.parse(shell(line)) as Record<string, unknown>;

  it('2.2: the tables are there, and bars in them', () => {
    const tables = shell(`docker-compose exec postgres psql -U admin -d usdcop_trading -c "
  SELECT table_schema, table_name
  FROM information_schema.tables
  WHERE table_name IN ('usdcop_m5_ohlcv', 'macro_indicators_daily', 'users')
  OR table_schema = 'dw'
  ORDER BY table_schema, table_name;
"`);
    for (const name of [
      'usdcop_m5_ohlcv',
      'macro_indicators_daily',
      'users',
      'dim_strategy',
      'fact_strategy_signals',
      'fact_equity_curve',
      'fact_strategy_performance',
      'fact_strategy_positions',
    ])
      expect(tables).toContain(name);
    const bars = shell(`docker-compose exec postgres psql -U admin -d usdcop_trading -c "
  SELECT COUNT(*), MIN(time), MAX(time) FROM usdcop_m5_ohlcv;
"`);
    expect(Number(/^\s+(\d+) \|/m.exec(bars)?.[1])).toBeGreaterThan(1_000);
    expect(
      shell(`docker-compose exec postgres psql -U admin -d usdcop_trading -c "
  SELECT table_name FROM information_schema.tables
  WHERE table_schema = 'dw';
"`),
    ).toContain('fact_strategy_signals');
  });

  it('2.3, 2.4, 8.3: the services are healthy, in the reference’s shape', () => {
    for (const port of [8000, 8006, 8001]) {
      const health = json(`curl -s http://localhost:${port}/api/health`);
      expect(Object.keys(health).slice(0, 3)).toEqual(['status', 'database', 'timestamp']);
      expect(health).toMatchObject({ status: 'healthy', database: 'connected' });
    }
    expect(Object.keys(json('curl -s http://localhost:8006/')['endpoints'] as object).length).toBeGreaterThan(5);
  });

  it('3.2 to 3.4: signals, comparison and curves', () => {
    const { signals } = json('curl -s http://localhost:8006/api/models/signals/latest') as {
      signals: { strategy_code: string }[];
    };
    expect(signals.map((one) => one.strategy_code)).toEqual([...signals.map((one) => one.strategy_code)].sort());
    expect(signals.length).toBeGreaterThan(0);
    expect(
      json('curl -s "http://localhost:8006/api/models/performance/comparison?period=30d"')['strategies'],
    ).not.toEqual([]);
    expect(json('curl -s "http://localhost:8006/api/models/equity-curves?hours=24&resolution=5m"')['resolution']).toBe(
      '5m',
    );
  });

  it('3.5 and 8.1: the client hears signals, pings, and comes back after it was cut off', async () => {
    const { thrown, types, sockets } = await runReferenceClient(
      `${urls['models']!.replace('http', 'ws')}/ws/trading-signals`,
      {
        seconds: 6,
        keepAlive: 500,
        reconnect: 300,
        cut: 2_500,
      },
    );
    expect(thrown).toEqual([]);
    expect(sockets).toBe(2);
    expect(types).toMatchObject({ connection: 2, pong: expect.any(Number), signal_update: expect.any(Number) });
  }, 30_000);

  it('8.1: the database accepts connections, strategies are active, and their signals are counted', () => {
    expect(shell('docker-compose exec postgres pg_isready -U admin -d usdcop_trading')).toContain(
      'accepting connections',
    );
    const psql = (sql: string): string => shell(`psql -U admin -d usdcop_trading -At -c "${sql}"`);
    expect(psql('SELECT * FROM dw.dim_strategy WHERE is_active = TRUE;')).toContain('ML_XGB');
    expect(
      psql(`SELECT COUNT(*) FROM dw.fact_strategy_signals
WHERE timestamp_utc > NOW() - INTERVAL '1 day';`),
    ).toMatch(/^\d+\n$/);
  });

  it('8.4: maintenance, and the hypertable query', () => {
    // psql sends one -c as one transaction, in which PostgreSQL refuses VACUUM: the reference's two go one by one, anywhere
    for (const line of ['VACUUM ANALYZE usdcop_m5_ohlcv;', 'VACUUM ANALYZE macro_indicators_daily;'])
      expect(
        shell(`docker-compose exec postgres psql -U admin -d usdcop_trading -c "
  ${line}
"`),
      ).toBe('VACUUM\n');
    expect(
      shell(`docker-compose exec postgres psql -U admin -d usdcop_trading -c "
  SELECT * FROM timescaledb_information.hypertables;
"`),
    ).toContain('hypertable_name');
  });

  describe('5: a new model whose signals come from outside', () => {
    const SLOT = 300_000;
    const events: StreamEvent[] = [];
    let connection: Connection;
    const client = () => createClient({ baseUrl: urls['models']! });
    const of = <T extends StreamEvent['type']>(type: T) =>
      events.filter(
        (event): event is Extract<StreamEvent, { type: T }> =>
          event.type === type && 'strategy_code' in event && event.strategy_code === 'ML_NEW',
      );
    /** Open time of the newest bar that is complete, and its session's place. */
    const newest = async () => {
      const bars = await createClient({ baseUrl: urls['trading']! }).candlesticks('USDCOP', { limit: 1 });
      return bars.data[0]!;
    };
    const slotOf = (time: number): number => (time % 86_400_000) / SLOT - 13 * 12; // 08:00 in Bogota is 13:00 UTC
    /** One bar further, decided upon. */
    const step = async () => {
      const before = (await newest()).time;
      await client().commandClock({ action: 'step' });
      await expect.poll(async () => (await newest()).time, { timeout: 10_000 }).toBeGreaterThan(before);
      const { time } = await newest();
      await expect
        .poll(
          async () =>
            (await client().equityCurves({ strategies: 'ML_NEW', hours: 1 })).curves[0]!.data.at(-1)?.timestamp,
          {
            timeout: 10_000,
          },
        )
        .toBe(new Date(time + SLOT).toISOString());
      return newest();
    };
    const latest = async () =>
      (await client().latestSignals()).signals.find(({ strategy_code: code }) => code === 'ML_NEW');
    const position = async () => (await client().currentPositions({ strategy: 'ML_NEW' })).positions[0];
    const compared = async () =>
      (await client().performanceComparison({ period: 'all' })).strategies.find(
        ({ strategy_code: code }) => code === 'ML_NEW',
      )!;
    const inStream = async (stream: string, want: Readonly<Record<string, string>>) =>
      expect
        .poll(
          async () =>
            (await redis!.client().xrange(stream, '-', '+')).map(([, fields]) =>
              Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1]!]] : []))),
            ),
          { timeout: 10_000 },
        )
        .toContainEqual(expect.objectContaining(want));

    it('5.1: the INSERT gives it a seat in the running host', async () => {
      await client().commandClock({ action: 'pause' });
      expect(
        shell(`psql -U admin -d usdcop_trading -c "INSERT INTO dw.dim_strategy (
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
);"`),
      ).toBe('INSERT 0 1\n');
      connection = connect({
        url: `${urls['models']}/ws/trading-signals`,
        onEvent: (event) => events.push(event),
        open: (url) => new WebSocket(url) as never,
      });
      // its first bar is the one after the newest at its activation; one in mid-session lets entries fill
      await expect
        .poll(async () => (await client().models()).models.find((row) => row.strategy_code === 'ML_NEW')?.state, {
          timeout: 10_000,
        })
        .toBe('external');
      for (let bar = await step(); slotOf(bar.time) < 2 || slotOf(bar.time) > 50; bar = await step());
      expect(connection.state).toBe('live');
    }, 60_000);
    afterAll(() => connection?.close());

    it('a bare INSERT by psql reaches signals/latest, stream, WebSocket, paper book and comparison', async () => {
      const bar = await newest();
      const at = new Date(bar.time + SLOT).toISOString();
      shell(`psql -U admin -d usdcop_trading -c "
  INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal, side, confidence, reasoning)
  SELECT strategy_id, '${at}', 'long', 'buy', 0.8, 'by hand' FROM dw.dim_strategy WHERE strategy_code = 'ML_NEW';
"`);
      await expect.poll(latest, { timeout: 10_000 }).toMatchObject({
        signal: 'long',
        side: 'buy',
        confidence: 0.8,
        timestamp: at,
        bar_time: new Date(bar.time).toISOString(),
        origin: 'external',
        not_traded: null,
        entry_price: bar.close,
        stop_loss: expect.any(Number),
        size: expect.any(Number),
        reasoning: 'by hand',
      });
      await expect
        .poll(() => of('signal_update'), { timeout: 10_000 })
        .toMatchObject([{ signal: 'long', confidence: 0.8, timestamp: at, origin: 'external' }]);
      if (redis)
        await inStream('trading:signals', { strategy: 'ML_NEW', signal: 'long', confidence: '0.8', timestamp: at });
      const { size } = (await latest())!;
      const next = await step();
      const open = await position();
      expect(open).toMatchObject({ side: 'long', entry_price: next.open, origin: 'external' });
      expect(open!.quantity).toBeCloseTo(size! * 10_000, 4);
      await expect.poll(() => of('position_change').length, { timeout: 10_000 }).toBe(1);
      expect(of('position_change')[0]).toMatchObject({ action: 'open', side: 'long', price: next.open });
      expect(of('position_change')[0]!.seq, 'after the signal that caused it').toBeGreaterThan(
        of('signal_update')[0]!.seq,
      );
      if (redis) await inStream('trading:positions', { strategy: 'ML_NEW', action: 'open', side: 'long' });
      expect(await compared()).toMatchObject({ open_positions: 1, total_trades: 0, origin: 'external' });
    }, 60_000);

    it('POST /api/models/{code}/signals does the same: an opposite signal closes and opens', async () => {
      const bar = await newest();
      const stored = await client().deliverSignal('ML_NEW', {
        symbol: 'USDCOP',
        bar_time: new Date(bar.time).toISOString(),
        signal: 'short',
        confidence: 0.9,
        reasoning: 'over the API',
      });
      expect(stored).toMatchObject({ signal: 'short', side: 'sell', origin: 'external', not_traded: null });
      expect((await latest())!.signal_id).toBe(stored.signal_id);
      await expect.poll(() => of('signal_update').length, { timeout: 10_000 }).toBe(2);
      if (redis) await inStream('trading:signals', { strategy: 'ML_NEW', signal: 'short', confidence: '0.9' });
      const next = await step();
      expect(await position()).toMatchObject({ side: 'short', entry_price: next.open });
      await expect.poll(() => of('position_change').length, { timeout: 10_000 }).toBe(3);
      expect(of('position_change').map(({ action, side, price }) => [action, side, price])).toEqual([
        ['open', 'long', expect.any(Number)],
        ['close', 'long', next.open],
        ['open', 'short', next.open],
      ]);
      const { trades } = await client().trades('ML_NEW');
      const closed = trades.find((trade) => trade.exit_price !== null)!;
      expect(closed).toMatchObject({ side: 'long', exit_price: next.open });
      expect(closed.realized_pnl).toBeCloseTo(
        (closed.quantity * (closed.exit_price! - closed.entry_price)) / closed.exit_price!,
        2,
      );
      expect(await compared()).toMatchObject({ total_trades: 1, open_positions: 1 });
      // one signal a bar, whoever gives it
      await expect(
        client().deliverSignal('ML_NEW', {
          symbol: 'USDCOP',
          bar_time: new Date(bar.time).toISOString(),
          signal: 'flat',
          confidence: null,
          reasoning: 'again',
        }),
      ).rejects.toMatchObject({ status: 409, code: 'SIGNAL_EXISTS' });
    }, 60_000);

    it('signalbox risk reset is taken by the host that runs', async () => {
      const { status, stdout } = spawnSync(
        process.execPath,
        ['packages/host/bin/signalbox.js', 'risk', 'reset', 'ML_NEW', '--reason', 'tried', '--world', 'demo', '--json'],
        {
          encoding: 'utf8',
          cwd: repository,
          env: { ...process.env, DATABASE_URL: databaseUrl(server.connection('usdcop_trading')) },
        },
      );
      expect(status, stdout).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ data: { strategy_code: 'ML_NEW', status: 'done' } });
      const { alerts } = await client().alerts({ strategy: 'ML_NEW' });
      expect(alerts[0]).toMatchObject({ code: 'RISK_RESET', message: expect.stringContaining('(tried)') });
    });
  });
});
