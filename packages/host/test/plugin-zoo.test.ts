import { createCalendar, DEFAULT_RULES, USD_COP, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { openDesk } from '../src/inference/desk.js';
import { openPlan } from '../src/inference/plan.js';
import { MACRO_COLUMNS } from '../src/ingest/macro-columns.js';
import { discover } from '../src/plugins/discover.js';
import { StoredLedger } from '../src/plugins/ledger.js';
import { openStrategies, type OpenStrategies } from '../src/plugins/open.js';
import { registerDiscovered } from '../src/plugins/register.js';
import type { StrategyStatus } from '../src/plugins/status.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { storeMacro } from '../src/stores/postgres/macro.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { ODD, pluginProject, strategyModule, ZOO } from './plugin-project.js';
import { testDatabase, type TestDatabase } from './postgres.js';

const DEADLINE_MS = 2_000;
const MEMORY_MB = 160;
const BARS = 20;

const plan = openPlan(USD_COP, null);
const calendar = createCalendar(USDCOP_CALENDAR);
const WARM = 8;
const sessions = createSimulator({ seed: 5, calendar, edge: 0.35, firstSession: '2025-03-03' }).sessions(WARM + 1);
const sourced = sessions.map(({ bars }) =>
  bars.map((bar) => ({ ...bar, symbol: USD_COP.symbol, source: 'simulated' })),
);
const history = sourced.slice(0, WARM).flat();
const live = sourced.slice(WARM).flat().slice(0, BARS);

const project = pluginProject();
const stateful = { definition: `state: { type: 'object' },`, session: `save: () => ({ n })` };
const rule = (code: string, high: number, low: number): string =>
  project.install(
    code,
    strategyModule(
      code,
      `const r = view.features.rsi_9, x = random();
       return r > ${high} ? { signal: 'short', confidence: 0.5 + r / 3, score: -r / 3, reasoning: \`rsi \${r}, bar \${n}, drew \${x}\` }
         : r < ${low} ? { signal: 'long', confidence: 0.9 - r, reasoning: \`rsi \${r}, bar \${n}, drew \${x}\` } : { signal: 'close', reasoning: 'in between' }`,
      stateful,
    ),
  );
const good = [rule('GOOD_A', 0.55, 0.45), rule('GOOD_B', 0.6, 0.3)];
good.push(
  project.install(
    'GOOD_BOTH',
    strategyModule(
      'GOOD_BOTH',
      `const { GOOD_A: a, GOOD_B: b } = view.opinions; return { signal: 'flat', reasoning: \`\${a.signal} \${a.reasoning} | \${b.signal} \${b.reasoning}\` }`,
      {
        definition: `members: ['GOOD_A'], membersOf: () => ['GOOD_B'],`,
      },
    )
      .replace(`features: ['rsi_9']`, 'features: []')
      .replace(`type: 'ML'`, `type: 'ENSEMBLE'`),
  ),
);
const flat = `return { signal: 'flat', reasoning: 'well' }`;
const bad = Object.entries(ZOO).map(([code, deed]) =>
  project.install(code, strategyModule(code, `if (n >= 3) { ${deed} } ${flat}`, stateful)),
);
const odd = Object.entries(ODD).map(([code, deed]) => project.install(code, strategyModule(code, deed)));

interface Outcome {
  readonly rows: string;
  readonly status: readonly StrategyStatus[];
  /** Milliseconds that each ask took, by code. */
  readonly asked: ReadonlyMap<string, readonly number[]>;
  readonly database: TestDatabase;
}

/** The live run of the packages over the same bars; what is stored of the good ones, as text. */
async function run(packages: readonly string[]): Promise<Outcome> {
  const database = await testDatabase({ world: 'simulated' });
  const { pool } = database;
  const columns = MACRO_COLUMNS.map(({ name }) => name);
  const macro = sessions.flatMap((session) =>
    session.macro.map((row) => ({ date: row.date, values: columns.map((name) => row.values[name] ?? null) })),
  );
  await storeMacro(pool, columns, macro, 'simulated', { silent: true });
  await storeBars(pool, history, { silent: true });
  const discovered = await discover(project.dir, packages, { inProcess: [], memoryMb: MEMORY_MB });
  await registerDiscovered(pool, discovered, {});
  const records = await listStrategies(pool);
  const ledger = new StoredLedger({ pool: () => pool, marketTime: () => live[0]!.time, onError: () => {} });
  await ledger.load();
  const strategies = await openStrategies({
    rows: records.map(({ code, package: name, parameters }) => ({ code, package: name, parameters, isActive: true })),
    discovered,
    features: plan.features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: false,
    askDeadlineMs: DEADLINE_MS,
    ledger,
    log: () => {},
  });
  const asked = new Map<string, number[]>();
  const timed: OpenStrategies = {
    ...strategies,
    async ask(seat, view) {
      const begun = performance.now();
      const opinion = await strategies.ask(seat, view);
      asked.set(seat.code, [...(asked.get(seat.code) ?? []), performance.now() - begun]);
      return opinion;
    },
  };
  try {
    const desk = await openDesk({ pool, plan, rules: DEFAULT_RULES, strategies: timed, records });
    for (const bar of live) {
      await storeBars(pool, [bar]);
      await desk.run(bar, 'live');
    }
    const status = strategies.status();
    const tables = [
      'fact_strategy_signals',
      'fact_no_signal',
      'fact_strategy_positions',
      'fact_equity_curve',
      'strategy_state',
    ];
    const texts = await Promise.all(
      tables.map(async (table) => {
        const { rows } = await pool.query<{ row: string }>(
          `SELECT d.strategy_code || (to_jsonb(t) - ARRAY['signal_id', 'no_signal_id', 'position_id', 'equity_id', 'strategy_id', 'provenance_id', 'recorded_at'])::text AS row
           FROM dw.${table} t JOIN dw.dim_strategy d USING (strategy_id) WHERE d.strategy_code LIKE 'GOOD%' ORDER BY 1`,
        );
        return `${table} ${rows.length}\n${rows.map(({ row }) => row).join('\n')}`;
      }),
    );
    await ledger.settled();
    return { rows: texts.join('\n'), status, asked, database };
  } finally {
    await strategies.close();
    ledger.stop();
  }
}

describe('strategies beside those that throw, hang, leak, exit, abort and flood', () => {
  let undisturbed: Outcome;
  const { pid } = process;
  beforeAll(async () => {
    undisturbed = await run(good);
  });

  it('the undisturbed run has signals, positions and states to compare', () => {
    expect(undisturbed.status.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);
    expect(undisturbed.rows).toContain('strategy_state 3');
    expect(undisturbed.rows).toMatch(/"plugin": \{"n": 20\}/);
    expect(undisturbed.rows).not.toMatch(/fact_strategy_positions 0/);
  });

  const half = Math.ceil(bad.length / 2);
  it.each([
    ['the first half of the zoo', bad.slice(0, half), half],
    ['the second half of the zoo', bad.slice(half), bad.length - half],
  ])(
    'store the same bytes beside %s, whose members are all suspended',
    async (_, some, count) => {
      const disturbed = await run([...good, ...some]);
      expect(disturbed.rows).toBe(undisturbed.rows);
      expect(process.pid).toBe(pid);
      const theirs = disturbed.status.filter(({ code }) => code.startsWith('BAD'));
      expect(theirs.map(({ code, state }) => `${code} ${state}`)).toEqual(
        theirs.map(({ code }) => `${code} SUSPENDED`),
      );
      expect(theirs).toHaveLength(count);
      for (const { code, reason } of theirs)
        expect(reason, code).toMatch(/3 faults within an hour, the last: .+ signalbox plugins resume/);

      const times = [...disturbed.asked].flatMap(([code, list]) => (code.startsWith('BAD') ? list : []));
      // the figure is the median's: this machine may be busy
      const late = times.filter((ms) => ms > DEADLINE_MS - 200).sort((a, b) => a - b);
      expect(late[Math.floor(late.length / 2)] ?? 0).toBeLessThan(DEADLINE_MS + 250);

      const { pool } = disturbed.database;
      const { rows } = await pool.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM dw.events WHERE type = 'alert' AND payload ->> 'code' = 'PLUGIN_SUSPENDED'`,
      );
      expect(rows[0]!.n, 'one alert for each').toBe(count);
      const kept = await pool.query(`SELECT 1 FROM dw.plugin_suspensions`);
      expect(kept.rowCount).toBe(count);
    },
    180_000,
  );

  it('store the same bytes beside odd answers, which are bounded and served', async () => {
    const beside = await run([...good, ...odd]);
    expect(beside.rows).toBe(undisturbed.rows);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(beside.status.map(({ state }) => state)).toEqual(beside.status.map(() => 'RUNNING'));
    const { rows } = await beside.database.pool.query<{ code: string; longest: number; some: string }>(
      `SELECT strategy_code AS code, max(length(reasoning)) AS longest, min(reasoning) AS some
       FROM dw.fact_strategy_signals JOIN dw.dim_strategy USING (strategy_id) WHERE strategy_code LIKE 'ODD%' GROUP BY 1 ORDER BY 1`,
    );
    expect(rows.map(({ code }) => code)).toEqual(['ODD_POLLUTION', 'ODD_TEXT', 'ODD_WORDS']);
    expect(rows[1]!.some).toBe('nul  half \ufffd end');
    expect(rows[2]!.longest).toBe(4_001);
  }, 120_000);
});
