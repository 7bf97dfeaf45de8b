// What a plugin costs in a process of its own, beside the same one in this process.
import { fileURLToPath } from 'node:url';
import { FLAT, USD_COP, type AnyView } from '@signalbox/core';
import { openPlan } from '../src/inference/plan.js';
import { discover } from '../src/plugins/discover.js';
import { residentBytes } from '../src/plugins/isolation/memory.js';
import { openStrategies } from '../src/plugins/open.js';
import { locate } from '../src/plugins/locate.js';
import { PluginProcess } from '../src/plugins/isolation/process.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const NAMES = ['@signalbox/strategy-ml-xgb', '@signalbox/strategy-ensemble'];
const CALLS = 5_000;
const plan = openPlan(USD_COP, null);
const rows: { name: string; value: number; unit: string; note?: string }[] = [];
const record = (name: string, value: number, unit: string, note?: string): void =>
  void rows.push({ name, value: Number(value.toPrecision(4)), unit, ...(note ? { note } : {}) });
const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor(q * (sorted.length - 1))]!;

for (const where of ['apart', 'in process'] as const) {
  const isolation = where === 'apart' ? { inProcess: [], memoryMb: 512 } : undefined;
  const discovered = await discover(project, NAMES, isolation);
  const opened = await openStrategies({
    rows: discovered.flatMap((found) =>
      'strategy' in found
        ? [{ code: found.strategy.definition.code, package: found.package, parameters: {}, isActive: true }]
        : [],
    ),
    discovered,
    features: plan.features,
    instrument: USD_COP,
    world: 'simulated',
    allowSimulatedModels: true,
    log: () => {},
  });
  for (const seat of opened.seats) {
    const view = (time: number): AnyView => ({
      bar: { time, open: 4000, high: 4001, low: 3999, close: 4000, volume: 0 },
      features: Object.fromEntries(seat.features.map((name) => [name, 0.1])),
      vector: new Float64Array(seat.features.length).fill(0.1),
      position: FLAT,
      opinions: {},
    });
    const times: number[] = [];
    for (let i = 0; i < CALLS + 500; i++) {
      const asked = view(i);
      const from = performance.now();
      await opened.ask(seat, asked);
      if (i >= 500) times.push((performance.now() - from) * 1_000);
    }
    times.sort((a, b) => a - b);
    record(`${seat.code} ${where}: call, best`, times[0]!, 'µs');
    record(`${seat.code} ${where}: call, median`, quantile(times, 0.5), 'µs');
    record(`${seat.code} ${where}: call, p99`, quantile(times, 0.99), 'µs');
  }
  await opened.close();
}

const { name, entry } = locate(project, '@signalbox/strategy-ensemble');
const starts: number[] = [];
let memory = 0;
for (let i = 0; i < 10; i++) {
  const from = performance.now();
  const child = new PluginProcess({ name, entry, env: [], memoryMb: 512, cwd: project });
  await child.load(30_000);
  starts.push(performance.now() - from);
  memory = residentBytes(child.pid!) ?? 0;
  await child.kill();
}
starts.sort((a, b) => a - b);
record('a process, until its package is loaded: best', starts[0]!, 'ms');
record('a process, until its package is loaded: median', quantile(starts, 0.5), 'ms');
record('resident memory of one process', memory / 1024 / 1024, 'MB');
console.log(JSON.stringify({ bench: 'plugins', rows }, null, 2));
