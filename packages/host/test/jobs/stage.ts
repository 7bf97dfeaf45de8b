import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCalendar, USDCOP_CALENDAR } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { MACRO_NAMES } from '../../src/ingest/macro-columns.js';
import { storeBars } from '../../src/stores/postgres/bars.js';
import { readJob, type JobRecord } from '../../src/stores/postgres/jobs.js';
import { storeMacro } from '../../src/stores/postgres/macro.js';
import { pluginProject } from '../plugin-project.js';
import { testDatabase, type TestDatabase } from '../postgres.js';
import { repository } from '../python.js';
import { databaseUrl } from '../running-host.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const sessions = createSimulator({ seed: 11, calendar, edge: 0.3, firstSession: '2024-01-02' }).sessions(40);

/** A rule. With `gate`, a bar lasts 20 ms until that file is there; `kill_at` ends the process at that bar, `hang_at` makes the gate's file and stays there. */
const MODULE = `import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
export default Object.freeze({
  $$type: '@signalbox/Strategy', code: 'RULE', name: 'RULE', type: 'ML', apiVersion: 1, features: ['rsi_9'],
  config: { type: 'object', additionalProperties: false, properties: {
    gate: { type: 'string', default: '' }, kill_at: { type: 'integer', default: 0 },
    hang_at: { type: 'integer', default: 0 }, low: { type: 'number', default: 0.4 } } },
  create({ config }) {
    let n = 0;
    const { gate = '', kill_at = 0, hang_at = 0, low = 0.4 } = config;
    let open = gate === '';
    const say = (rsi) => rsi > 0.6 ? { signal: 'short', confidence: 0.9, reasoning: 'high' }
      : rsi < low ? { signal: 'long', confidence: 0.8, reasoning: 'low' } : { signal: 'close', reasoning: 'between' };
    return { onBar({ features }) {
      if (++n === kill_at) process.kill(process.pid, 'SIGKILL');
      if (n === hang_at) { writeFileSync(gate, ''); for (;;); }
      open ||= existsSync(gate);
      return open ? say(features.rsi_9) : sleep(20).then(() => say(features.rsi_9));
    } };
  },
});`;

export interface JobStage {
  readonly db: TestDatabase;
  readonly projectDir: string;
  /** A file that is not there yet, and its making. */
  gate(): { readonly path: string; open(): void };
  /** A process that works on the queue, as a person starts one. */
  worker(): ChildProcess;
  /** Waits until a job is so. */
  until(id: string, what: (job: JobRecord) => boolean, seconds?: number): Promise<JobRecord>;
  /** Rows of each run in each fact table. */
  facts(): Promise<{ readonly run: string; readonly rows: number }[]>;
}

const FACTS = [
  'fact_strategy_signals',
  'fact_no_signal',
  'fact_strategy_positions',
  'fact_equity_curve',
  'fact_strategy_performance',
  'strategy_state',
];

/** A world of 40 sessions, a project with one strategy, and no worker yet. */
export async function openJobStage(): Promise<JobStage> {
  const project = pluginProject();
  const plugin = project.install('RULE', MODULE);
  // one that brings its own training: installed here, as a link out of the project is no installed package
  const PPO = '@signalbox/strategy-rl-ppo';
  const modules = join(project.dir, 'node_modules');
  mkdirSync(join(modules, '@signalbox'), { recursive: true });
  for (const part of ['package.json', 'dist', 'models'])
    cpSync(join(repository, 'packages/strategy-rl-ppo', part), join(modules, PPO, part), { recursive: true });
  for (const name of ['@tensorflow', '@signalbox/core', '@signalbox/onnx'])
    symlinkSync(realpathSync(join(repository, 'node_modules', name)), join(modules, name));
  writeFileSync(join(project.dir, 'signalbox.config.json'), JSON.stringify({ world: 'demo', plugins: [plugin, PPO] }));
  let gates = 0;
  const db = await testDatabase({ world: 'simulated' });
  await storeBars(
    db.pool,
    sessions.flatMap(({ bars }) => bars.map((bar) => ({ ...bar, symbol: 'USD/COP', source: 'simulated' }))),
  );
  await storeMacro(
    db.pool,
    MACRO_NAMES,
    sessions
      .flatMap(({ macro }) => macro)
      .map(({ date, values }) => ({ date, values: MACRO_NAMES.map((name) => values[name] ?? null) })),
    'simulated',
  );
  return {
    db,
    projectDir: project.dir,
    gate() {
      const path = join(project.dir, `gate-${++gates}`);
      return { path, open: () => writeFileSync(path, '') };
    },
    worker: () =>
      spawn(
        process.execPath,
        [fileURLToPath(new URL('../../bin/signalbox.js', import.meta.url)), 'jobs', 'work', '--workers', '1'],
        {
          cwd: project.dir,
          env: { ...process.env, DATABASE_URL: databaseUrl(db.connection) },
          stdio: ['ignore', 'ignore', process.env['SIGNALBOX_DEBUG'] ? 'inherit' : 'ignore'],
        },
      ),
    async until(id, what, seconds = 100) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const job = (await readJob(db.pool, id))!;
        if (what(job)) return job;
        if (Date.now() > deadline) throw new Error(`the job is ${JSON.stringify(job)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async facts() {
      const { rows } = await db.pool.query<{ run: string; rows: number }>(
        `SELECT run_id AS run, sum(n)::int AS rows FROM (${FACTS.map(
          (table) => `SELECT run_id, count(*) AS n FROM dw.${table} GROUP BY run_id`,
        ).join(' UNION ALL ')}) t GROUP BY run_id ORDER BY 1`,
      );
      return rows;
    },
  };
}
