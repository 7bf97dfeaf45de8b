// The 13 features over 82,206 synthetic bars: batch, streaming, a bare loop without the engine's rules, and TA-Lib + numpy
// (SIGNALBOX_PYTHON names an interpreter that has both). Prints one JSON object. Real bars instead: SIGNALBOX_BARS_FILE and
// SIGNALBOX_MACRO_FILE, or two arguments (.csv or .csv.gz).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  compileFeatures,
  computeFeatures,
  createCalendar,
  createSeriesTable,
  defaultFeatures,
  USDCOP_CALENDAR,
} from '../dist/index.js';
import { bareFeatures } from './features-bare.mjs';

const BARS = 82_206;
const RUNS = 30;
const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(config, calendar);
const series = createSeriesTable(config, calendar);

let seed = 20261122;
function uniform() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

function synthetic() {
  const bars = [];
  let close = 3300;
  for (const date of calendar.sessionsBetween('2020-01-02', '2026-12-31')) {
    for (let time = calendar.sessionOpen(date); time < calendar.sessionClose(date); time += calendar.slotMs) {
      const open = close;
      close = round(close * (1 + (uniform() + uniform() + uniform() - 1.5) * 0.0019), 2);
      const wick = () => round(uniform() * 1.5, 2);
      bars.push({
        time,
        open,
        high: Math.max(open, close) + wick(),
        low: Math.min(open, close) - wick(),
        close,
        volume: 0,
      });
      if (bars.length === BARS) break;
    }
    if (bars.length === BARS) break;
  }
  const level = { dxy: 100, vix: 20, embi: 320, brent: 80, usdmxn: 18, col10y: 10, ust10y: 4 };
  for (let day = Date.UTC(2019, 11, 2); day < bars.at(-1).time; day += 86_400_000) {
    if ([0, 6].includes(new Date(day).getUTCDay())) continue;
    const date = new Date(day).toISOString().slice(0, 10);
    for (const name of series.names) {
      level[name] = round(level[name] * (1 + (uniform() - 0.5) * 0.02), 4);
      series.add(name, date, level[name]);
    }
  }
  return bars;
}

const LONG_NAMES = {
  dxy: 'fxrt_index_dxy_usa_d_dxy',
  vix: 'volt_vix_usa_d_vix',
  embi: 'crsk_spread_embi_col_d_embi',
  brent: 'comm_oil_brent_glb_d_brent',
  usdmxn: 'fxrt_spot_usdmxn_mex_d_usdmxn',
  col10y: 'finc_bond_yield10y_col_d_col10y',
  ust10y: 'finc_bond_yield10y_usa_d_ust10y',
};

function lines(file) {
  const bytes = readFileSync(file);
  const [header, ...rows] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split(/\r?\n/);
  const names = header.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [names[i], cell])));
}

function fromFiles(barsFile, macroFile) {
  for (const row of lines(macroFile)) {
    for (const name of series.names) {
      const text = row[LONG_NAMES[name]] ?? row[name] ?? '';
      if (text !== '') series.add(name, row.date, Number(text));
    }
  }
  const number = (row, field) => Number(row[field]);
  return lines(barsFile).map((row) => ({
    time: Date.parse(row.time),
    open: number(row, 'open'),
    high: number(row, 'high'),
    low: number(row, 'low'),
    close: number(row, 'close'),
    volume: number(row, 'volume'),
  }));
}

/** Nanoseconds a bar: the best of RUNS runs after three to warm up, because other work on the machine only ever adds. */
function measure(count, work) {
  const times = [];
  for (let run = -3; run < RUNS; run++) {
    const start = performance.now();
    work();
    if (run >= 0) times.push(performance.now() - start);
  }
  return (Math.min(...times) * 1e6) / count;
}

const [barsFile = process.env.SIGNALBOX_BARS_FILE, macroFile = process.env.SIGNALBOX_MACRO_FILE] =
  process.argv.slice(2);
const real = Boolean(barsFile && macroFile);
const bars = real ? fromFiles(barsFile, macroFile) : synthetic();
const accepted = bars.filter((bar) => calendar.slot(bar.time));
const slots = accepted.map((bar) => calendar.slot(bar.time));

const rows = [];
const add = (name, ns, note) => rows.push({ name, value: round(ns, 1), unit: 'ns/bar', ...(note ? { note } : {}) });

const cold = performance.now();
const table = computeFeatures(compileFeatures(config, createCalendar(USDCOP_CALENDAR)), series, bars);
add('batch, first run, cold', ((performance.now() - cold) * 1e6) / bars.length);
add(
  'batch',
  measure(bars.length, () => computeFeatures(plan, series, bars)),
  'aim: at most 100',
);

let checksum = 0;
const streaming = () => {
  const stream = plan.stream(series);
  for (const bar of bars) {
    const slot = calendar.slot(bar.time);
    if (slot) checksum += stream.push(bar, slot).values[0] || 0;
  }
};
add('streaming', measure(bars.length, streaming), 'aim: at most 200');

// The bare loop and numpy get what the engine works out itself: dense bars, sessions, when each observation may be seen.
const bareInput = {
  count: accepted.length,
  high: Float64Array.from(accepted, (bar) => bar.high),
  low: Float64Array.from(accepted, (bar) => bar.low),
  close: Float64Array.from(accepted, (bar) => bar.close),
  completion: Float64Array.from(accepted, (bar) => bar.time + calendar.slotMs),
  series: series.names.map((name) => {
    const { availableAt, values } = series.column(name);
    return { name, availableAt: Float64Array.from(availableAt), values: Float64Array.from(values) };
  }),
};
add(
  'bare JavaScript loop, no rules',
  measure(accepted.length, () => bareFeatures(bareInput)),
);

/** Largest difference from the engine where both have a value, from the bar on from which every feature is stable. */
function difference(values) {
  let worst = 0;
  for (let i = 300 * 13; i < table.values.length; i++) {
    const gap = Math.abs(values[i] - table.values[i]);
    if (gap > worst) worst = gap;
  }
  return worst;
}
const checks = real ? {} : { bareLoopDifference: difference(bareFeatures(bareInput)) };

const python = process.env.SIGNALBOX_PYTHON;
if (python) {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  try {
    const file = join(folder, 'input.json');
    const plain = (key, value) => (value instanceof Float64Array ? Array.from(value) : value);
    writeFileSync(file, JSON.stringify({ ...bareInput, runs: RUNS }, plain));
    const run = spawnSync(
      python,
      [fileURLToPath(new URL('features_talib.py', import.meta.url)), file, join(folder, 'out.bin')],
      {
        encoding: 'utf8',
      },
    );
    if (run.status === 0) {
      const { seconds, versions } = JSON.parse(run.stdout);
      add('TA-Lib + numpy', (seconds * 1e9) / accepted.length, versions);
      const bytes = readFileSync(join(folder, 'out.bin'));
      if (!real)
        checks.talibDifference = difference(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8));
    } else process.stderr.write(`TA-Lib + numpy left out: ${run.stderr || run.error?.message}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (globalThis.gc) {
  const stream = plan.stream(series);
  accepted.slice(0, 2000).forEach((bar, i) => stream.push(bar, slots[i]));
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 2000; i < accepted.length; i++) stream.push(accepted[i], slots[i]);
  const grown = process.memoryUsage().heapUsed - before;
  rows.push({ name: 'allocated by push', value: round(grown / (accepted.length - 2000), 2), unit: 'bytes/bar' });
}

process.stdout.write(
  `${JSON.stringify({ bench: 'features', bars: bars.length, accepted: accepted.length, input: real ? 'files' : 'synthetic', rows, checks, checksum: round(checksum, 9) })}\n`,
);
