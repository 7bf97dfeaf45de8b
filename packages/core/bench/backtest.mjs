// The whole history through a backtest of four strategies of one rule (RSI above or below a threshold, with stop and target) in one
// pass, beside backtesting.py, which takes one strategy a run: four runs, with indicators by TA-Lib when it is there. Each keeps its own
// account by its own rules of filling, so results are not compared; trades are told so that nobody measures an idle run. Prints one JSON
// object. SIGNALBOX_PYTHON names an interpreter with backtesting and TA-Lib; BENCH_SESSIONS shortens the history.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEngine, defineStrategy } from '@signalbox/core';
import { fixtureWorld } from '@signalbox/core/testing';

const RUNS = 3;
/** RSI(9) from which a strategy fades the move. */
const THRESHOLDS = [60, 65, 70, 75];
const { bars, macro } = fixtureWorld({
  sessions: Number(process.env.BENCH_SESSIONS ?? 1_370),
  firstSession: '2020-01-02',
});

const fade = (threshold) =>
  defineStrategy({
    code: `FADE_${threshold}`,
    name: `RSI ${threshold}`,
    type: 'RULE',
    apiVersion: 1,
    features: ['rsi_9'],
    config: { type: 'object' },
    create: () => ({
      onBar({ features: { rsi_9 } }) {
        const signal = rsi_9 > threshold / 100 ? 'short' : rsi_9 < 1 - threshold / 100 ? 'long' : 'flat';
        return signal === 'flat' ? { signal, reasoning: 'quiet' } : { signal, confidence: 0.9, reasoning: 'far out' };
      },
    }),
  });

async function ours() {
  const engine = THRESHOLDS.reduce((one, threshold) => one.use(fade(threshold)), createEngine({ macro }));
  const counts = { fills: 0, signals: 0, faults: 0 };
  const start = performance.now();
  for await (const event of engine.run(bars)) {
    if (event.type === 'fill') counts.fills++;
    else if (event.type === 'signal') counts.signals++;
    else if (event.type === 'none' && event.none.code === 'unavailable') counts.faults++;
  }
  return { seconds: (performance.now() - start) / 1000, ...counts };
}

function peer(python) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    const file = join(folder, 'bars.json');
    const column = (name) => bars.map((bar) => bar[name]);
    const columns = Object.fromEntries(['time', 'open', 'high', 'low', 'close'].map((name) => [name, column(name)]));
    writeFileSync(file, JSON.stringify({ ...columns, thresholds: THRESHOLDS, runs: RUNS }));
    const program = fileURLToPath(new URL('backtest_peer.py', import.meta.url));
    const run = spawnSync(python, [program, file], { encoding: 'utf8' });
    if (run.status !== 0) process.stderr.write(run.stderr);
    return run.status === 0 ? JSON.parse(run.stdout) : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let best;
for (let run = 0; run < RUNS; run++) {
  const one = await ours();
  if (!best || one.seconds < best.seconds) best = one;
}
if (best.faults > 0 || best.fills === 0) throw new Error(`${JSON.stringify(best)}: the time means nothing`);
const round = (seconds) => Number(seconds.toFixed(3));
const rows = [
  {
    name: `${bars.length.toLocaleString('en-US')} bars, ${THRESHOLDS.length} strategies, all default features`,
    value: round(best.seconds),
    unit: 's',
    note: `${best.signals} signals, ${best.fills} fills`,
  },
];
const found = process.env.SIGNALBOX_PYTHON && peer(process.env.SIGNALBOX_PYTHON);
if (found) {
  const { seconds, trades, versions } = found;
  rows.push({
    name: 'backtesting.py, the four one after another',
    value: round(seconds),
    unit: 's',
    note: `${trades} trades, ${versions}`,
  });
  rows.push({ name: 'Signalbox beside it', value: Number((best.seconds / seconds).toFixed(2)), unit: '×' });
}
console.log(JSON.stringify({ bench: 'backtest', bars: bars.length, rows }));
