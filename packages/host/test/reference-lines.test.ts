import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../src/stores/postgres/embedded.js';
import { psqlEnvironment } from '../src/stores/postgres/connection.js';
import { premises } from '../src/stores/postgres/premises.js';
import { runReferenceClient } from './reference-client.mjs';
import { startHost, type RunningHost } from './running-host.js';

// The reference's own lines against a host that runs. `docker-compose exec postgres` goes before psql there; here libpq's
// environment says where the server is, and the ports are free ones. Nothing else differs.
const missing = ['psql', 'pg_isready', 'curl'].filter((name) => spawnSync(name, ['--version']).status !== 0);
if (missing.length > 0 && process.env['SIGNALBOX_NO_SKIPS']) throw new Error(`not installed: ${missing.join(', ')}`);
if (missing.length > 0) console.warn(`SKIPPED: the reference's lines need ${missing.join(', ')}`);

describe.skipIf(missing.length > 0)('the reference’s lines, as written', () => {
  const project = mkdtempSync(join(tmpdir(), 'signalbox-lines-'));
  let server: PostgresServer;
  let host: RunningHost;
  let urls: Readonly<Record<string, string>>;
  let where: Record<string, string>;

  beforeAll(async () => {
    writeFileSync(join(project, 'package.json'), '{}');
    server = await startPostgres({ projectDir: project, env: {}, settings: { fsync: 'off' } });
    const connection = server.connection('usdcop_trading');
    const { PGHOST = '', PGPORT = '', PGPASSWORD } = psqlEnvironment(connection);
    where = { PGHOST, PGPORT, ...(PGPASSWORD === undefined ? {} : { PGPASSWORD }) };
    host = startHost(connection, ['--world', 'demo', '--speed', '600'], { SIGNALBOX_PORT_ANALYTICS: '0' });
    urls = await host.urls;
    await host.ready;
  }, 180_000);

  afterAll(async () => {
    host.child.kill('SIGINT');
    await host.ended;
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
});
