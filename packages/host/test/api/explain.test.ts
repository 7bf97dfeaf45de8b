import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RULES, defineStrategy, USD_COP, type AnyStrategy, type Opinion } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { asKnownApart, asKnownHere } from '../../src/inference/as-known.js';
import { openDesk } from '../../src/inference/desk.js';
import { createExplainer } from '../../src/inference/explain.js';
import { openPlan } from '../../src/inference/plan.js';
import { MACRO_NAMES } from '../../src/ingest/macro-columns.js';
import type { Discovery } from '../../src/plugins/discover.js';
import { openStrategies, type OpenStrategies, type StrategyRow } from '../../src/plugins/open.js';
import { registerDiscovered } from '../../src/plugins/register.js';
import { storeBars } from '../../src/stores/postgres/bars.js';
import { storeMacro } from '../../src/stores/postgres/macro.js';
import { listStrategies } from '../../src/stores/postgres/strategies.js';
import { openPool } from '../../src/stores/postgres/pool.js';
import { markFirstCycle } from '../../src/stores/postgres/world.js';
import { openStage, type Json, type Stage } from './stage.js';

const plan = openPlan(USD_COP, null);
const { calendar, features } = plan;
const { symbol } = USD_COP;
const WARM = 6;
const sessions = createSimulator({ seed: 5, calendar, edge: 0.35, firstSession: '2025-03-03' }).sessions(WARM + 1);
const sourced = sessions.map(({ bars }) => bars.map((bar) => ({ ...bar, symbol, source: 'simulated' })));
const live = sourced[WARM]!;

const base = { apiVersion: 1, config: { type: 'object', properties: {}, additionalProperties: false } } as const;
/** Says all that it is shown, so that a position or a value that is not the one of then shows. */
const rule = defineStrategy({
  ...base,
  code: 'RULE',
  name: 'Rule',
  type: 'ML',
  features: ['rsi_9', 'dxy_z'],
  create: () => ({
    onBar({ features: { rsi_9: rsi, dxy_z: dxy }, position, bar }): Opinion {
      const reasoning = JSON.stringify([rsi, dxy, position, bar.close]);
      if (position.side !== 'flat' && position.barsHeld >= 3) return { signal: 'close', reasoning };
      if (rsi > 0.55) return { signal: 'short', confidence: 0.9, score: -rsi / 3, reasoning };
      return rsi < 0.45
        ? { signal: 'long', confidence: 0.9, score: rsi / 3, reasoning }
        : { signal: 'flat', reasoning };
    },
  }),
}) as AnyStrategy;
const counter = defineStrategy({
  ...base,
  code: 'COUNTER',
  name: 'Counter',
  type: 'ML',
  features: ['rsi_9'],
  state: { type: 'object', properties: { seen: { type: 'number' } }, required: ['seen'], additionalProperties: false },
  create({ saved }) {
    let seen = saved?.seen ?? 0;
    return { onBar: () => ({ signal: 'flat', reasoning: `bar ${++seen}` }), save: () => ({ seen }) };
  },
}) as AnyStrategy;
const hears = defineStrategy({
  ...base,
  code: 'HEARS',
  name: 'Hears',
  type: 'ENSEMBLE',
  features: [],
  members: ['RULE'],
  create: () => ({ onBar: ({ opinions }) => ({ signal: 'flat', reasoning: JSON.stringify(opinions) }) }),
}) as AnyStrategy;
const discovered: Discovery[] = [rule, counter, hears].map((definition) => {
  const name = `test-${definition.code.toLowerCase()}`;
  return { package: name, strategy: { package: name, version: '1.0.0', folder: '/', definition, models: {} } };
});

let stage: Stage;
let strategies: OpenStrategies;
let asides = 0;
const open = (rows: readonly StrategyRow[]) =>
  openStrategies({
    rows,
    discovered,
    features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    log: () => {},
  });

beforeAll(async () => {
  stage = await openStage({
    world: 'simulated',
    explainer: createExplainer({
      pool: () => stage.pool,
      plan,
      clock: { now: () => stage.clock.now() },
      async openAside(code) {
        const name = `test-${code.toLowerCase()}`;
        if (!discovered.some((found) => found.package === name)) return null;
        asides++;
        return {
          strategies: await open([{ code, package: name, parameters: {}, isActive: true }]),
          members: strategies.seats.find((seat) => seat.code === code)!.members,
          approximate: false,
        };
      },
    }),
  });
  const { pool } = stage;
  const macro = sessions.flatMap((session) =>
    session.macro.map((row) => ({ date: row.date, values: MACRO_NAMES.map((name) => row.values[name] ?? null) })),
  );
  await storeMacro(pool, MACRO_NAMES, macro, 'simulated', { silent: true });
  await storeBars(pool, sourced.slice(0, WARM).flat(), { silent: true });
  await registerDiscovered(pool, discovered, {});
  await markFirstCycle(pool, live[0]!.time);
  const records = await listStrategies(pool);
  strategies = await open(
    records.map(({ code, package: name, parameters }) => ({ code, package: name, parameters, isActive: true })),
  );
  const desk = await openDesk({ pool, plan, rules: DEFAULT_RULES, strategies, records });
  for (const bar of live.slice(0, 30)) {
    await storeBars(pool, [bar], { marketTime: bar.time + calendar.slotMs });
    await desk.run(bar, 'live');
  }
  stage.clock.time = live[29]!.time + calendar.slotMs;
}, 60_000);
afterAll(async () => {
  await strategies.close();
  await stage.close();
});

const idOf = async (code: string, where = 'true'): Promise<number> =>
  (
    await stage.pool.query<{ id: number }>(
      `SELECT signal_id AS id FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id)
       WHERE strategy_code = $1 AND ${where} ORDER BY bar_time LIMIT 1`,
      [code],
    )
  ).rows[0]!.id;
const explain = async (id: number): Promise<Json> => {
  const { status, body } = await stage.get(`/api/signals/${id}/explain`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
};
const equal = { equal: true, differences: [], note: null };

it('every signal of a strategy without state comes out again: the plugin on its vector, the features then and today', async () => {
  const { rows } = await stage.pool.query<{ id: number; kind: string }>(
    `SELECT signal_id AS id, signal AS kind FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id)
     WHERE strategy_code = 'RULE' ORDER BY bar_time`,
  );
  expect(new Set(rows.map(({ kind }) => kind)).has('close'), 'in and out of positions').toBe(true);
  for (const { id } of rows) {
    const body = await explain(id);
    expect(body).toMatchObject({ stored_vector: equal, as_known_then: equal, as_known_today: equal });
    expect(body).toMatchObject({ plugin_version: '1.0.0', calendar_version: calendar.version, simulated: true });
    expect(body.feature_hashes).toEqual({ rsi_9: features.hashes['rsi_9'], dxy_z: features.hashes['dxy_z'] });
    expect(body.state_hash).toMatch(/^[0-9a-f]{64}$/);
    expect(body.data_watermark).toBe(body.timestamp);
    expect(Object.keys(body.features)).toEqual(['rsi_9', 'dxy_z']);
  }
}, 60_000);

it('an ensemble hears again what its members said, with the side that a close leaves', async () => {
  const id = await idOf('HEARS', `reasoning LIKE '%closes%'`);
  expect((await explain(id)).stored_vector).toEqual(equal);
});

it('a strategy that keeps state is asked without the one before the bar, and the answer says so', async () => {
  const { stored_vector } = await explain(
    await idOf('COUNTER', `bar_time = '${new Date(live[9]!.time).toISOString()}'`),
  );
  expect(stored_vector.equal, 'what it says without its state proves nothing').toBeNull();
  expect(stored_vector.note).toMatch(/state/);
  expect(stored_vector.differences).toEqual([{ name: 'reasoning', stored: 'bar 10', found: 'bar 1' }]);
});

it('a value revised since is listed in what is known today, and what was known then stays equal', async () => {
  const id = await idOf('RULE', `bar_time = '${new Date(live[12]!.time).toISOString()}'`);
  const { rows } = await stage.pool.query<{ date: string; dxy: number }>(
    `SELECT date::text, dxy FROM macro_indicators_daily WHERE dxy IS NOT NULL AND date < $1 ORDER BY date DESC LIMIT 1`,
    [sessions[WARM]!.date],
  );
  const values = MACRO_NAMES.map((name) => (name === 'dxy' ? Number(rows[0]!.dxy) + 1 : null));
  await storeMacro(stage.pool, MACRO_NAMES, [{ date: rows[0]!.date, values }], 'simulated', {
    marketTime: stage.clock.time,
  });
  stage.clock.time += 1000;
  const body = await explain(id);
  expect(body.as_known_then).toEqual(equal);
  expect(body.stored_vector).toEqual(equal);
  expect(body.as_known_today.equal).toBe(false);
  expect(body.as_known_today.differences).toEqual([
    { name: 'dxy_z', stored: body.features.dxy_z, found: expect.any(Number) },
  ]);
});

it('a vector that was tampered with is found out by all three', async () => {
  const id = await idOf('RULE', `bar_time = '${new Date(live[15]!.time).toISOString()}'`);
  await stage.pool.query('UPDATE dw.fact_strategy_signals SET features[1] = features[1] + 1e-9 WHERE signal_id = $1', [
    id,
  ]);
  const body = await explain(id);
  expect(body.stored_vector.equal).toBe(false);
  expect(body.stored_vector.differences.map((each: Json) => each.name)).toContain('reasoning');
  expect(body.as_known_then.equal).toBe(false);
  expect(body.as_known_then.differences[0].name).toBe('rsi_9');
});

it('another model than the one that decided proves nothing, and the answer says so', async () => {
  const id = await idOf('RULE', `bar_time = '${new Date(live[16]!.time).toISOString()}'`);
  await stage.pool.query(
    `WITH other AS (INSERT INTO dw.provenance (fingerprint, plugin_version, feature_names, feature_hashes, model_sha256)
       SELECT 'other', plugin_version, feature_names, feature_hashes, 'another' FROM dw.provenance p
       JOIN dw.fact_strategy_signals s USING (provenance_id) WHERE s.signal_id = $1 RETURNING provenance_id)
     UPDATE dw.fact_strategy_signals SET provenance_id = (SELECT provenance_id FROM other) WHERE signal_id = $1`,
    [id],
  );
  expect((await explain(id)).stored_vector).toMatchObject({
    equal: null,
    note: expect.stringMatching(/another model/),
  });
});

it('a signal from outside has no vector: nothing is compared, and nobody is asked', async () => {
  const { rows } = await stage.pool.query<{ id: number }>(
    `WITH d AS (INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type) VALUES ('OUTSIDE', 'O', 'ML') RETURNING strategy_id)
     INSERT INTO dw.fact_strategy_signals (strategy_id, timestamp_utc, signal) SELECT strategy_id, $1, 'long' FROM d RETURNING signal_id AS id`,
    [new Date(live[5]!.time).toISOString()],
  );
  const before = asides;
  const body = await explain(rows[0]!.id);
  for (const part of ['stored_vector', 'as_known_then', 'as_known_today'])
    expect(body[part]).toMatchObject({ equal: null, differences: [], note: expect.stringMatching(/from outside/) });
  expect(body).toMatchObject({ origin: 'external', plugin_version: null, features: {} });
  expect(asides).toBe(before);
});

it('the thread that computes features again gives the bits of this one, by the features that the host runs with', async () => {
  const pool = () => stage.pool;
  const bar = live[20]!.time;
  const times = [bar + calendar.slotMs, stage.clock.time];
  const here = await asKnownHere(pool, plan)(bar, times);
  expect(here[0]!.values.some((value) => !Number.isNaN(value))).toBe(true);
  const apart = { pool, plan, projectDir: process.cwd(), plugins: [] };
  expect(await asKnownApart({ ...apart, features: null })(bar, times)).toEqual(here);
  expect(await asKnownApart({ ...apart, features: null })(live[40]!.time, times), 'not stored').toEqual([null, null]);

  const folder = mkdtempSync(join(tmpdir(), 'signalbox-features-'));
  const file = join(folder, 'features.json');
  const config = JSON.parse(JSON.stringify(plan.config)) as { features: { name: string }[] };
  writeFileSync(file, JSON.stringify({ ...config, features: config.features.slice(0, 3) }));
  expect(await asKnownApart({ ...apart, features: file })(bar, times), 'the file was changed meanwhile').toEqual(here);
  rmSync(folder, { recursive: true });

  const nobody = openPool({ connectionString: 'postgresql://nobody@127.0.0.1:1/nothing' });
  await expect(asKnownApart({ ...apart, pool: () => nobody, features: null })(bar, times)).rejects.toMatchObject({
    code: 'STORE_DOWN',
  });
  await nobody.end();
}, 60_000);

it('an unknown id is 404, one that is no id 422', async () => {
  expect((await stage.get('/api/signals/999999999/explain')).body).toMatchObject({
    code: 'SIGNAL_UNKNOWN',
    status_code: 404,
  });
  expect((await stage.get('/api/signals/abc/explain')).status).toBe(422);
});
