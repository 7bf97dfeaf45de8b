// What explaining a signal costs the loop that serves: the features of the last of six years' bars, as known then and today,
// computed on this thread and on one of their own. "held" is the longest stretch in which the loop served nobody.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { USD_COP } from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { asKnownApart, asKnownHere } from '../src/inference/as-known.js';
import { openPlan } from '../src/inference/plan.js';
import { MACRO_NAMES } from '../src/ingest/macro-columns.js';
import { storeBars } from '../src/stores/postgres/bars.js';
import { startPostgres } from '../src/stores/postgres/embedded.js';
import { storeMacro } from '../src/stores/postgres/macro.js';
import { openPool } from '../src/stores/postgres/pool.js';
import { openWorld } from '../src/stores/postgres/world.js';

const SESSIONS = 1_370;
const plan = openPlan(USD_COP, null);
const simulator = createSimulator({ seed: 5, calendar: plan.calendar, edge: 0, firstSession: '2020-01-02' });
const projectDir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
const server = await startPostgres({ projectDir, env: {} });
try {
  const { connection } = await openWorld(server, 'usdcop_trading', { kind: 'market' });
  const pool = openPool(connection);
  const sessions = simulator.sessions(SESSIONS);
  const bars = sessions.flatMap((session) =>
    session.bars.map((bar) => ({ ...bar, symbol: USD_COP.symbol, source: 'bench' })),
  );
  const macro = sessions
    .flatMap((session) => session.macro)
    .map(({ date, values }) => ({ date, values: MACRO_NAMES.map((name) => values[name] ?? null) }));
  await storeMacro(pool, MACRO_NAMES, macro, 'bench', { silent: true });
  await storeBars(pool, bars, { silent: true });

  const at = () => pool;
  const { time } = bars.at(-1)!;
  const asOf = [time + plan.calendar.slotMs, time + 2 * plan.calendar.slotMs];
  const rows: { name: string; value: number; unit: string; note?: string }[] = [];
  const ways = {
    'on this thread': asKnownHere(at, plan),
    'on its own': asKnownApart({ pool: at, plan, projectDir, plugins: [], features: null }),
  };
  for (const [name, way] of Object.entries(ways)) {
    const took: number[] = [];
    const held: number[] = [];
    for (let i = 0; i < 4; i++) {
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      await sleep(20);
      const from = performance.now();
      await way(time, asOf);
      const ms = performance.now() - from;
      await sleep(20);
      delay.disable();
      // the first one warms
      if (i > 0) {
        took.push(ms);
        held.push(delay.max / 1e6);
      }
    }
    const best = (values: readonly number[]): number => Number(Math.min(...values).toPrecision(3));
    rows.push({ name: `${name}: answer`, value: best(took), unit: 'ms', note: `${bars.length} bars, twice` });
    rows.push({ name: `${name}: loop held`, value: best(held), unit: 'ms' });
  }
  console.log(JSON.stringify({ bench: 'explain', rows }, null, 2));
  await pool.end();
} finally {
  await server.stop();
  rmSync(projectDir, { recursive: true, force: true });
}
