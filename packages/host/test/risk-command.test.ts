import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCalendar, openBook, USDCOP_CALENDAR } from '@signalbox/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../src/cli/index.js';
import { lastComplete } from '../src/inference/schedule.js';
import { testDatabase, type TestDatabase } from './postgres.js';
import { databaseUrl } from './running-host.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const dir = mkdtempSync(join(tmpdir(), 'signalbox-risk-'));
writeFileSync(join(dir, 'package.json'), '{}');
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let database: TestDatabase;

async function cli(...args: string[]) {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { SIGNALBOX_WORLD: 'market', DATABASE_URL: databaseUrl(database.connection) },
  };
  const code = await run(['risk', ...args], streams, dir);
  return { code, out, err };
}
const json = async (...args: string[]) => {
  const { code, out } = await cli(...args, '--json');
  return { code, ...(JSON.parse(out) as { data: any; errors: { code: string }[] }) }; // eslint-disable-line @typescript-eslint/no-explicit-any
};

beforeAll(async () => {
  database = await testDatabase({ world: 'market' });
  const { pool } = database;
  await pool.query(
    `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, is_active)
     VALUES ('CALM', 'c', 'ML', true), ('FALLEN', 'f', 'ML', true), ('OFF', 'o', 'ML', false)`,
  );
  const bar = lastComplete(calendar, Date.now())!;
  await pool.query(
    `INSERT INTO dw.strategy_state (strategy_id, bar_time, book) SELECT strategy_id, $1, $2 FROM dw.dim_strategy WHERE strategy_code = 'FALLEN'`,
    [new Date(bar).toISOString(), { ...openBook(10_000), peak: 12_000, equity: 9_600, drawdownHalted: true }],
  );
  for (const [code, minute] of [
    ['RISK_PAUSE', 1],
    ['RISK_DRAWDOWN', 2],
  ] as const)
    await pool.query(
      `INSERT INTO dw.alerts (strategy_id, symbol, code, severity, message, timestamp_utc)
       SELECT strategy_id, 'USD/COP', $1, 'critical', 'why', $2 FROM dw.dim_strategy WHERE strategy_code = 'FALLEN'`,
      [code, new Date(bar + minute * 60_000).toISOString()],
    );
});

describe('signalbox risk', () => {
  it('show tells each active strategy its distance to the limits, and how a latched halt is lifted', async () => {
    const { code, data } = await json('show');
    expect(code).toBe(0);
    expect(data.strategies.map((row: { strategy_code: string }) => row.strategy_code)).toEqual(['CALM', 'FALLEN']);
    expect(data.strategies[1]).toMatchObject({
      halted: true,
      reasons: ['drawdown'],
      drawdown_pct: 20,
      limits: { max_drawdown_pct: 15 },
      equity: 9_600,
      peak: 12_000,
      origin: 'external',
    });
    expect(data.strategies[0]).toMatchObject({ halted: false, reasons: [], equity: 10_000 });
    const { out } = await cli('show', 'FALLEN');
    expect(out).toMatch(/FALLEN .*no entries: drawdown .*20\.00 of 15 %/);
    expect(out).toContain('signalbox risk reset FALLEN');
    expect(out).not.toContain('CALM');
  });

  it('alerts come newest first, of one strategy when asked', async () => {
    const { data } = await json('alerts', 'FALLEN', '--limit', '1');
    expect(data.alerts).toMatchObject([{ code: 'RISK_DRAWDOWN', severity: 'critical', strategy_code: 'FALLEN' }]);
    expect((await json('alerts', 'CALM')).data.alerts).toEqual([]);
    expect((await cli('alerts')).out).toMatch(/RISK_DRAWDOWN[\s\S]*RISK_PAUSE/);
  });

  it('reset without a host is noted with reason and name, and says that it waits', async () => {
    const { code, data } = await json('reset', 'FALLEN', '--reason', ' looked into ');
    expect(code).toBe(0);
    expect(data).toMatchObject({ strategy_code: 'FALLEN', status: 'pending', halted: true });
    const { rows } = await database.pool.query('SELECT reason, actor, applied_at FROM dw.risk_resets');
    expect(rows).toEqual([{ reason: 'looked into', actor: expect.stringMatching(/./), applied_at: null }]);
  });

  it.each([
    [['reset', 'FALLEN'], 2, 'USAGE'],
    [['reset', 'FALLEN', '--reason', '  '], 2, 'PARAMETER_INVALID'],
    [['reset', 'NOBODY', '--reason', 'x'], 6, 'STRATEGY_UNKNOWN'],
    [['show', 'NOBODY'], 6, 'STRATEGY_UNKNOWN'],
    [['alerts', '--limit', '0'], 2, 'USAGE'],
  ] as const)('%j exits with %i and %s, and writes nothing', async (args, exit, error) => {
    const before = (await database.pool.query('SELECT count(*)::int AS n FROM dw.risk_resets')).rows;
    const { code, errors } = await json(...args);
    expect({ code, error: errors[0]!.code }).toEqual({ code: exit, error });
    expect((await database.pool.query('SELECT count(*)::int AS n FROM dw.risk_resets')).rows).toEqual(before);
  });
});
