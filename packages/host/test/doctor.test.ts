import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { run } from '../src/cli/index.js';
import type { Checked } from '../src/doctor/check.js';
import { clockFinding } from '../src/doctor/database.js';
import { CHECK_NAMES } from '../src/doctor/doctor.js';
import { diskFinding } from '../src/doctor/machine.js';
import { migrateFeatures } from '../src/inference/feature-migration.js';
import { openPlan } from '../src/inference/plan.js';
import { lastComplete } from '../src/inference/schedule.js';
import { USD_COP } from '@signalbox/core';
import { writeAudit } from '../src/stores/postgres/audit.js';
import { openStage, type Stage } from './api/stage.js';
import { pluginProject, strategyModule } from './plugin-project.js';
import { testDatabase, testServer, type TestDatabase } from './postgres.js';
import { hasRedis, startRedis } from './redis.js';
import { databaseUrl } from './running-host.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const project = pluginProject();
const name = project.install(
  'ML_TEST',
  strategyModule('ML_TEST', `return { signal: 'flat', reasoning: 'x' }`).replace("'rsi_9'", "'rsi_9', 'dxy_z'"),
);
const FEEDS = { 'USD/COP': 'files', dxy: 'files' };
const configure = (feeds: object): void =>
  writeFileSync(join(project.dir, 'signalbox.config.json'), JSON.stringify({ feeds }));
configure(FEEDS);
let database: TestDatabase;
/** Ports on which nobody listens. */
const NOWHERE = {
  SIGNALBOX_PORT_MODELS: '1',
  SIGNALBOX_PORT_TRADING: '2',
  SIGNALBOX_PORT_ANALYTICS: '3',
  SIGNALBOX_PORT_DASHBOARD: '0',
};

interface Report {
  readonly code: number;
  readonly status: string;
  readonly url: string | null;
  readonly checks: readonly Checked[];
  of(check: string): Checked;
}

async function doctor(only: string | null, env: Record<string, string> = {}, dir = project.dir): Promise<Report> {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: {
      SIGNALBOX_WORLD: 'market',
      SIGNALBOX_PLUGINS: name,
      DATABASE_URL: databaseUrl(database.connection),
      ...NOWHERE,
      ...env,
    },
  };
  const code = await run(['doctor', '--json', ...(only === null ? [] : ['--only', only])], streams, dir);
  expect(err).toBe('');
  const { status, data } = JSON.parse(out) as {
    status: string;
    data: { checks: Checked[]; database: { url: string | null } };
  };
  return {
    code,
    status,
    url: data.database.url,
    checks: data.checks,
    of: (check) => data.checks.find((one) => one.name === check)!,
  };
}

/** Expects a finding with its remedy, and the exit code that goes with it. */
async function expectFinding(
  check: string,
  status: 'fail' | 'warn',
  detail: RegExp,
  remedy: RegExp,
  env: Record<string, string> = {},
): Promise<void> {
  const report = await doctor(check, env);
  const found = report.of(check);
  expect(found, JSON.stringify(report.checks)).toMatchObject({
    status,
    detail: expect.stringMatching(detail),
    remedy: expect.stringMatching(remedy),
  });
  expect(report.code).toBe(report.checks.some((one) => one.status === 'fail') ? 1 : 0);
  if (status === 'fail') expect(report.code).toBe(1);
}

const sql = (text: string, values: unknown[] = []) => database.pool.query(text, values);
const due = lastComplete(calendar, Date.now())!;
const today = new Date().toISOString().slice(0, 10);

beforeAll(async () => {
  database = await testDatabase({ world: 'market' });
  let date = calendar.sessionDate(due);
  const times: number[] = [];
  for (let n = 0; n < 5; n++, date = calendar.previousSessionDay(date))
    for (let i = 0; i < calendar.slotsPerSession; i++) {
      const time = calendar.sessionOpen(date)! + i * calendar.slotMs;
      if (time <= due) times.push(time);
    }
  await sql(
    `INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume, source)
     SELECT t, 4000 + n % 7, 4010, 3990, 4000 + n % 5, 0, 'test' FROM unnest($1::timestamptz[]) WITH ORDINALITY AS x (t, n)`,
    [times.sort().map((time) => new Date(time).toISOString())],
  );
  await sql(
    `INSERT INTO macro_indicators_daily (date, dxy) SELECT d::date, 100 FROM generate_series($1::date - 20, $1::date, '1 day') AS d`,
    [today],
  );
  await sql(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, package) VALUES ('ML_TEST', 'x', 'ML', $1)`,
    [name],
  );
  await sql(
    `INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, bar_time, signal) SELECT strategy_id, $1, $1, 'flat' FROM dw.dim_strategy`,
    [new Date(due).toISOString()],
  );
  await sql('UPDATE dw.events SET seq = id');
  await migrateFeatures(database.pool, openPlan(USD_COP, null));
});

describe('a system in order', () => {
  it('has no failed check, exit 0, and the address of its database without a password', async () => {
    const report = await doctor(null);
    expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(report).toMatchObject({ code: 0, status: 'ok' });
    expect(report.checks.map((check) => check.name)).toEqual(CHECK_NAMES);
    expect(report.url).toContain(database.name);
    for (const { status, remedy } of report.checks)
      if (status === 'warn' || status === 'fail') expect(remedy).toBeTruthy();
    for (const check of [
      'database.connection',
      'database.tables',
      'bars.freshness',
      'bars.gaps',
      'bars.duplicates',
      'bars.holidays',
      'feeds',
      'features.parity',
      'plugins',
      'models',
      'strategies.active',
      'signals.recent',
      'clock',
    ])
      expect(report.of(check), check).toMatchObject({ status: 'pass' });
  }, 60_000);

  it('is only looked at: no row, table or database is made', async () => {
    const state = async () => {
      const { rows: tables } = await sql(
        `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
         WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
      );
      const contents: Record<string, unknown> = {};
      for (const { name } of tables as { name: string }[])
        contents[name] = (
          await sql(`SELECT count(*)::int AS n, sum(hashtext(t::text)::bigint)::text AS hash FROM ${name} t`)
        ).rows[0];
      return contents;
    };
    const before = await state();
    await doctor(null);
    expect(await state()).toEqual(before);
  }, 60_000);

  it('before the first start there is nothing to find fault with', async () => {
    const fresh = mkdtempSync(join(tmpdir(), 'signalbox-fresh-'));
    writeFileSync(join(fresh, 'package.json'), '{}');
    const report = await doctor('database', { DATABASE_URL: '' }, fresh);
    rmSync(fresh, { recursive: true, force: true });
    expect(report.code).toBe(0);
    expect(report.of('database.connection')).toMatchObject({ status: 'skip', remedy: 'signalbox start makes one.' });
  });
});

describe('each symptom of the reference’s section 8', () => {
  it('database connection failed: nobody listens', () =>
    expectFinding('database.connection', 'fail', /STORE_DOWN/, /Start it/, {
      DATABASE_URL: 'postgresql://admin:pg-canary@127.0.0.1:1/usdcop_trading',
    }));

  it('database connection failed: the connection string is wrong; no password is shown', async () => {
    await expectFinding('database.connection', 'fail', /STORE_DATABASE_MISSING/, /CREATE DATABASE/, {
      DATABASE_URL: databaseUrl((await testServer()).connection('no_such_database')),
    });
    await expectFinding('config', 'fail', /CONFIG_INVALID DATABASE_URL/, /postgresql:/, { DATABASE_URL: 'mysql://x' });
    const report = await doctor('database', {
      DATABASE_URL: 'postgresql://admin:pg-canary@127.0.0.1:1/usdcop_trading',
    });
    expect(JSON.stringify(report)).not.toContain('pg-canary');
  });

  it('API returns 500: tables of the DW schema are missing', async () => {
    await sql('ALTER TABLE dw.fact_equity_curve RENAME TO gone');
    await expectFinding('database.tables', 'fail', /missing: dw\.fact_equity_curve/, /signalbox restore/);
    await sql('ALTER TABLE dw.gone RENAME TO fact_equity_curve');
    const admin = (await testServer()).connection('postgres');
    await expectFinding('database.tables', 'fail', /no tables of Signalbox/, /signalbox start/, {
      DATABASE_URL: databaseUrl(admin),
    });
  });

  it('API returns 500: required modules are not installed', () =>
    expectFinding('plugins', 'fail', /PLUGIN_NOT_INSTALLED/, /npm install/, {
      SIGNALBOX_PLUGINS: `${name},@acme/strategy-absent`,
    }));

  it('no signals returned: no strategy is active', async () => {
    await sql('UPDATE dw.dim_strategy SET is_active = false');
    await expectFinding('strategies.active', 'fail', /none of 1 strategy is active/, /is_active = TRUE/);
    await sql('UPDATE dw.dim_strategy SET is_active = true');
  });

  it('no signals returned: it tells what the strategies said instead', async () => {
    await sql(`UPDATE dw.fact_strategy_signals SET run_id = 'elsewhere'`);
    await expectFinding('signals.recent', 'fail', /no strategy was asked/, /host running/);
    await sql(
      `INSERT INTO dw.fact_no_signal (strategy_id, timestamp_utc, bar_time, code, detail) SELECT strategy_id, $1, $1, 'missing_feature', 'dxy_z' FROM dw.dim_strategy`,
      [new Date(due).toISOString()],
    );
    await expectFinding('signals.recent', 'fail', /ML_TEST missing_feature × 1/, /feeds/);
    await sql('DELETE FROM dw.fact_no_signal');
    await sql(`UPDATE dw.fact_strategy_signals SET run_id = 'live'`);
  });

  it('no signals returned: a strategy was suspended', async () => {
    await sql(
      `INSERT INTO dw.plugin_suspensions (strategy_id, reason) SELECT strategy_id, 'three faults' FROM dw.dim_strategy`,
    );
    await expectFinding('strategies.active', 'warn', /ML_TEST \(three faults\)/, /plugins resume ML_TEST/);
    await sql('DELETE FROM dw.plugin_suspensions');
  });

  it('logs: what the services wrote down, and how WebSockets broke off', async () => {
    const folder = join(project.dir, '.signalbox', 'logs');
    mkdirSync(folder, { recursive: true });
    const line = (level: number, msg: string, more: object = {}): string =>
      `${JSON.stringify({ level, time: new Date().toISOString(), ...more, msg })}\n`;
    writeFileSync(
      join(folder, 'multi-model-api.log'),
      line(50, 'an answer failed') + line(40, 'a WebSocket broke off', { code: 1013, reason: 'too slow' }),
    );
    await expectFinding('logs', 'warn', /multi-model-api 1/, /signalbox logs multi-model-api/);
    await expectFinding('websocket.drops', 'warn', /1 × 1013 too slow/, /since=SEQ/);
    rmSync(folder, { recursive: true });
  });
});

describe('running services', () => {
  let stage: Stage;
  let env: Record<string, string>;
  beforeAll(async () => {
    stage = await openStage({ world: 'market', events: true });
    env = {
      SIGNALBOX_PORT_MODELS: String(stage.models.port),
      SIGNALBOX_PORT_TRADING: String(stage.trading.port),
      SIGNALBOX_PORT_ANALYTICS: String(stage.analytics.port),
    };
  });
  afterAll(() => stage.close());

  it('are asked over HTTP and WebSocket', async () => {
    const report = await doctor('services,websocket,ports', env);
    expect(report.of('services')).toMatchObject({ status: 'pass' });
    expect(report.of('websocket')).toMatchObject({ status: 'pass', detail: expect.stringContaining('pong') });
    expect(report.of('ports')).toMatchObject({ status: 'pass' });
  });

  it('API returns 500: the route and its log are named', async () => {
    await stage.pool.query('ALTER TABLE dw.fact_strategy_signals RENAME TO gone');
    await expectFinding('services', 'fail', /models \/api\/models\/signals\/latest: 500/, /logs multi-model-api/, env);
    await stage.pool.query('ALTER TABLE dw.gone RENAME TO fact_strategy_signals');
  });

  it('WebSocket connection drops: closed before it answers, or refused', async () => {
    const health = JSON.stringify({ world: 'market', clock: { now: new Date().toISOString() } });
    const server: Server = createServer((_, response) => response.end(health));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.close(1011, 'no'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    await expectFinding('websocket', 'fail', /closed with 1011/, /multi-model-api/, { SIGNALBOX_PORT_MODELS: port });
    sockets.close();
    server.removeAllListeners('upgrade');
    server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    await expectFinding('websocket', 'fail', /refused with 502/, /proxy/, { SIGNALBOX_PORT_MODELS: port });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('a configured port that somebody else holds is named with its holder', async () => {
    const server = createServer((_, response) => response.end('somebody else'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await expectFinding('ports', 'fail', new RegExp(`by .*process ${process.pid}`), /End that program/, {
      SIGNALBOX_PORT_MODELS: String((server.address() as AddressInfo).port),
      SIGNALBOX_PORT_TRADING: '0',
      SIGNALBOX_PORT_ANALYTICS: '0',
    });
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('the data', () => {
  it('stale bars, gaps, and a series that has no value or is old', async () => {
    const rows = (
      await sql(`DELETE FROM usdcop_m5_ohlcv WHERE time >= $1 RETURNING *`, [
        new Date(calendar.sessionOpen(calendar.sessionDate(due))!).toISOString(),
      ])
    ).rows;
    await expectFinding('bars.freshness', 'fail', /1 session behind/, /signalbox ingest bars/);
    for (const row of rows)
      await sql(
        'INSERT INTO usdcop_m5_ohlcv (time, open, high, low, close, volume, source) VALUES ($1, $2, $3, $4, $5, $6, $7)',
        [new Date(row.time), row.open, row.high, row.low, row.close, row.volume, row.source],
      );
    const before = calendar.previousSessionDay(calendar.sessionDate(due));
    await sql('DELETE FROM usdcop_m5_ohlcv WHERE time = $1', [
      new Date(calendar.sessionOpen(before)! + calendar.slotMs),
    ]);
    await expectFinding('bars.gaps', 'warn', /1 bar missing in 1 other/, /ingest bars/);
    await sql('UPDATE macro_indicators_daily SET dxy = NULL WHERE date > $1::date - 15', [today]);
    await expectFinding('feeds', 'fail', /dxy: the newest value is of .* dxy_z of ML_TEST/, /ingest bars\|macro/);
    await sql('UPDATE macro_indicators_daily SET dxy = NULL');
    await expectFinding('feeds', 'fail', /dxy: no value is stored/, /Deliver what is newer/);
    configure({ 'USD/COP': 'files' });
    await expectFinding('feeds', 'fail', /dxy: .*feed.* dxy_z of ML_TEST/, /"dxy"|_API_KEY/);
    await sql(`UPDATE dw.dim_strategy SET is_active = false`);
    expect((await doctor('feeds')).of('feeds'), 'what nobody needs is no finding').toMatchObject({ status: 'pass' });
    await sql(`UPDATE dw.dim_strategy SET is_active = true`);
    configure(FEEDS);
  });

  it('one bar under two names or times, and bars on a holiday or outside the hours', async () => {
    const bar = `INSERT INTO usdcop_m5_ohlcv (time, symbol, open, high, low, close) VALUES ($1, $2, 4000, 4000, 4000, 4000)`;
    await sql(bar, [new Date(due), 'USDCOP']);
    await expectFinding('bars.duplicates', 'fail', /stored twice/, /signalbox psql/);
    await sql(`DELETE FROM usdcop_m5_ohlcv WHERE symbol = 'USDCOP'`);
    await sql(bar, ['2025-12-25T14:00:00Z', 'USD/COP']);
    await expectFinding('bars.holidays', 'fail', /2025-12-25 \(.+\)/, /America\/Bogota/);
    await sql(`DELETE FROM usdcop_m5_ohlcv WHERE time < '2025-12-26'`);
    await sql(bar, [new Date(calendar.sessionClose(calendar.sessionDate(due))!), 'USD/COP']);
    await expectFinding('bars.holidays', 'fail', /outside the hours/, /Delete them/);
  });

  it('a row of the audit that somebody changed', async () => {
    await writeAudit(database.pool, { actor: 'ana', action: 'test' });
    await writeAudit(database.pool, { actor: 'ben', action: 'test' });
    expect((await doctor('audit')).of('audit')).toMatchObject({ status: 'pass' });
    const { rows } = await sql(`SELECT audit_id AS id FROM dw.audit WHERE actor = 'ana'`);
    await sql('ALTER TABLE dw.audit DISABLE TRIGGER USER');
    await sql(`UPDATE dw.audit SET actor = 'nobody' WHERE actor = 'ana'`);
    await expectFinding('audit', 'fail', new RegExp(`\\b${rows[0]!.id}\\b`), /backup/);
    await sql(`UPDATE dw.audit SET actor = 'ana' WHERE actor = 'nobody'`);
    await sql('ALTER TABLE dw.audit ENABLE TRIGGER USER');
  });

  it('a stored feature that is not what the bars give', async () => {
    await sql('UPDATE dw.feature_values SET values[4] = 0.123 WHERE time = (SELECT max(time) FROM dw.feature_values)');
    await expectFinding('features.parity', 'warn', /rsi_9/, /features check/);
    await sql(`UPDATE dw.feature_values SET feature_hash = repeat('0', 64)`);
    await expectFinding('features.parity', 'fail', /another feature file/, /features migrate/);
  });

  it('an event that nobody publishes, and migrations that are not there or not ours', async () => {
    await sql(
      `INSERT INTO dw.events (type, time, payload, recorded_at) VALUES ('x', now(), '{}', now() - interval '1 minute')`,
    );
    await expectFinding('events', 'warn', /wait to be published/, /signalbox start/);
    await sql(
      'UPDATE schema_migrations SET version = 9000 WHERE version = (SELECT max(version) FROM schema_migrations)',
    );
    await expectFinding('database.migrations', 'fail', /9000/, /version of Signalbox/);
    await sql('DELETE FROM schema_migrations WHERE version = 9000');
    await expectFinding('database.migrations', 'warn', /not applied yet/, /signalbox start/);
  });
});

it('a model whose file is gone', async () => {
  await sql(
    `INSERT INTO dw.model_version (strategy_code, version, file, format, bytes, sha256, manifest_sha256, framework, trained_on, golden_rows, largest_difference, state)
     VALUES ('ML_TEST', 1, 'ML_TEST/model_v1.json', 'xgboost-json', 10, repeat('0', 64), repeat('0', 64), 'x', 'market', 1, 0, 'verified')`,
  );
  await expectFinding('models', 'fail', /ML_TEST v1 missing/, /./);
  await sql('DELETE FROM dw.model_version');
});

it('disk and clock have limits', () => {
  expect([5e9, 5e8, 1e8].map((free) => diskFinding(free, '/').status)).toEqual(['pass', 'warn', 'fail']);
  expect([0.1, -2, 60].map((apart) => clockFinding(apart).status)).toEqual(['pass', 'warn', 'fail']);
});

it.skipIf(!hasRedis())(
  'Redis: in order, with a wrong password, and gone',
  async () => {
    const redis = await startRedis();
    const env = { REDIS_URL: redis.address.url, REDIS_PASSWORD: redis.address.password! };
    expect((await doctor('redis', env)).of('redis')).toMatchObject({ status: 'pass' });
    await expectFinding('redis', 'fail', /REDIS_AUTH/, /REDIS_PASSWORD/, { ...env, REDIS_PASSWORD: 'wrong' });
    await redis.kill('SIGKILL');
    await expectFinding('redis', 'fail', /REDIS_DOWN/, /Start it/, env);
    await redis.stop();
  },
  30_000,
);
