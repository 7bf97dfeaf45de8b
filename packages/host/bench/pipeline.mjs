// The development history through the whole step (settle, features, ask, decide) with three strategies, storing nothing.
// Prints one JSON object. Synthetic: 1,370 sessions of the simulator. Real bars instead: SIGNALBOX_BARS_FILE and
// SIGNALBOX_MACRO_FILE, or two arguments (.csv or .csv.gz).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Ajv } from 'ajv';
import {
  askSession,
  compileFeatures,
  createCalendar,
  createSeriesTable,
  DEFAULT_RULES,
  defaultFeatures,
  observe,
  openBook,
  openMarket,
  openSession,
  replay,
  seatAll,
  USD_COP,
  USDCOP_CALENDAR,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';

const SESSIONS = 1_370;
const RUNS = 5;
const STRATEGIES = ['@signalbox/strategy-ml-xgb', 'signalbox-strategy-breakout', '@signalbox/strategy-ensemble'];

const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(config, calendar);
const [barsFile = process.env.SIGNALBOX_BARS_FILE, macroFile = process.env.SIGNALBOX_MACRO_FILE] =
  process.argv.slice(2);
const { bars, macro } = barsFile && macroFile ? fromFiles(barsFile, macroFile) : simulated();

function simulated() {
  const sessions = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2020-01-02' }).sessions(SESSIONS);
  const rows = sessions.flatMap((session) => session.macro);
  return {
    bars: sessions.flatMap((session) => session.bars),
    macro: rows.flatMap(({ date, values }) => Object.entries(values).map(([name, value]) => ({ name, date, value }))),
  };
}

function table(file) {
  const bytes = readFileSync(file);
  const [head, ...rows] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((cell, i) => [names[i], cell])));
}

function fromFiles(barsPath, macroPath) {
  const rows = table(barsPath).map((row) => ({
    time: Date.parse(row.time),
    open: +row.open,
    high: +row.high,
    low: +row.low,
    close: +row.close,
    volume: 0,
  }));
  // long names end in the stored one: fxrt_index_dxy_usa_d_dxy
  const macroRows = table(macroPath).flatMap(({ date, ...cells }) =>
    Object.entries(cells)
      .filter(([, cell]) => cell !== '')
      .map(([name, cell]) => ({ name: name.slice(name.lastIndexOf('_') + 1), date, value: +cell })),
  );
  return { bars: rows.filter((bar) => calendar.slot(bar.time)), macro: macroRows };
}

const seriesOf = () => {
  const series = createSeriesTable(config, calendar);
  for (const { name, date, value } of macro) if (series.has(name)) series.add(name, date, value);
  return series;
};

/** Packages as the host opens them: definition, configuration with its defaults, the model beside its manifest. */
const root = fileURLToPath(new URL('../../..', import.meta.url));
const require = createRequire(join(root, 'package.json'));
async function strategy(name) {
  const manifest = require.resolve(`${name}/package.json`);
  const { signalbox } = JSON.parse(readFileSync(manifest, 'utf8'));
  const { default: definition } = await import(pathToFileURL(require.resolve(name)).href);
  const settings = {};
  if (!new Ajv({ useDefaults: true, strict: false }).compile(definition.config)(settings))
    throw new Error(`${name} needs a configuration`);
  const artifacts = {};
  for (const [artifact, path] of Object.entries(signalbox.models ?? {})) {
    const file = join(dirname(manifest), path);
    const bytes = readFileSync(file);
    artifacts[artifact] = {
      format: 'xgboost-json',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      bytes,
      manifest: JSON.parse(readFileSync(file.replace(/\.[^.]+$/, '.manifest.json'), 'utf8')),
    };
  }
  return { definition, settings, artifacts };
}

const turn = { abort: new AbortController().signal, deadline: Number.MAX_SAFE_INTEGER };
async function desk() {
  const found = await Promise.all(STRATEGIES.map(strategy));
  const sessions = new Map();
  for (const { definition, settings, artifacts } of found) {
    const session = await openSession(definition, {
      config: settings,
      artifacts,
      instrument: USD_COP,
      featureHashes: plan.hashes,
      featureDefinitions: plan.definitions,
    });
    sessions.set(definition.code, session);
  }
  const settingsOf = new Map(found.map(({ definition, settings }) => [definition.code, settings]));
  const seats = seatAll(
    found.map((one) => one.definition),
    plan.names,
    (code) => settingsOf.get(code),
  );
  return { seats, ask: (seat, view) => askSession(sessions.get(seat.code), view, turn) };
}

async function pipeline() {
  const { seats, ask } = await desk();
  const counts = { signals: 0, none: 0, fills: 0, faults: 0 };
  const state = {
    market: openMarket(plan, seriesOf(), calendar),
    books: new Map(seats.map((seat) => [seat.code, openBook(10_000)])),
  };
  const start = performance.now();
  const result = replay({
    stages: { instrument: USD_COP, calendar, rules: DEFAULT_RULES, seats },
    state,
    bars,
    ask,
    onStep(_, parts) {
      for (const part of parts) {
        counts[part.outcome.kind === 'signal' ? 'signals' : 'none']++;
        counts.fills += part.fills.length;
        if (part.outcome.kind === 'none' && part.outcome.code === 'unavailable') counts.faults++;
      }
    },
  });
  if (result instanceof Promise) await result;
  return { milliseconds: performance.now() - start, counts, seats: seats.length };
}

/** What the market's part costs alone: features, volatility and price quality of every bar, nobody asked. */
function marketAlone() {
  const market = openMarket(plan, seriesOf(), calendar);
  const start = performance.now();
  for (const bar of bars) observe(market, bar, calendar.slot(bar.time));
  return performance.now() - start;
}

const whole = [];
const market = [];
let last;
for (let run = 0; run < RUNS; run++) {
  last = await pipeline();
  whole.push(last.milliseconds);
  market.push(marketAlone());
}
if (last.counts.faults > 0) throw new Error(`${last.counts.faults} answers were faults: the time means nothing`);
const best = Math.min(...whole);
const round = (value, digits) => Number(value.toFixed(digits));
console.log(
  JSON.stringify({
    bench: 'pipeline',
    source: barsFile && macroFile ? 'files' : 'simulator',
    bars: bars.length,
    strategies: STRATEGIES,
    ...last.counts,
    runs: whole.map((ms) => Math.round(ms)),
    rows: [
      {
        name: `${bars.length.toLocaleString('en-US')} bars, ${last.seats} strategies, not stored`,
        value: round(best / 1000, 3),
        unit: 's',
        note: 'aim < 3 s',
      },
      { name: 'a bar', value: round((best * 1000) / bars.length, 2), unit: 'µs' },
      {
        name: 'of it the market’s part alone',
        value: round((Math.min(...market) * 1000) / bars.length, 2),
        unit: 'µs',
        note: 'features, ATR14, rank, quality: nobody asked',
      },
    ],
  }),
);
