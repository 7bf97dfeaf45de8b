import { Type } from '@sinclair/typebox';
import { changePct, round, SignalboxError } from '@signalbox/core';
import type { ServiceDependencies } from '../dependencies.js';
import { instrumentOf, iso } from '../respond.js';
import { route } from '../route.js';
import { SymbolName } from '../schemas.js';
import { LatestPrice, Stats } from './schemas.js';

const DAY = 86_400_000;
/** Bars of one minute in 24 hours: more than any instrument stores. */
const MOST = 1440;
const PRICE_DECIMALS = 6;

const params = Type.Object({ symbol: SymbolName }, { additionalProperties: false });

/** @throws NO_DATA */
async function newest(symbol: string, { reads, clock, calendar }: ServiceDependencies) {
  const bar = await reads.lastBar(symbol, clock.now(), calendar.slotMs);
  if (bar) return bar;
  throw new SignalboxError('NO_DATA', `no bar of ${symbol} is stored`, 'Take bars in first: signalbox ingest bars.');
}

export const latestPrice = route({
  path: '/api/latest/:symbol',
  summary: 'The newest price of a symbol',
  description:
    'The close of the newest complete bar, with the open time of that bar; outside the session too. `bid` and `ask` are ' +
    'null: bars carry no quotes. 404 when no bar is stored.',
  params,
  response: LatestPrice,
  errors: [404],
  cache: 'seq',
  async handler({ params: { symbol: name } }, deps) {
    const { symbol } = instrumentOf(name, deps);
    const bar = await newest(symbol, deps);
    return {
      symbol,
      price: bar.close,
      timestamp: iso(bar.time),
      volume: bar.volume,
      bid: null,
      ask: null,
      source: bar.source,
      market_status: deps.calendar.status(deps.clock.now()),
      simulated: deps.world === 'simulated',
    };
  },
});

export const stats = route({
  path: '/api/stats/:symbol',
  summary: 'The last 24 hours of a symbol',
  description:
    'Of the bars in the 24 hours that end with the newest complete one: those with time > newest − 24 h. `open_24h` is the ' +
    'open of the first of them, `change_24h` = price − open_24h. 404 when no bar is stored.',
  params,
  response: Stats,
  errors: [404],
  cache: 'seq',
  async handler({ params: { symbol: name } }, deps) {
    const { symbol } = instrumentOf(name, deps);
    const last = await newest(symbol, deps);
    const bars = await deps.reads.bars(symbol, last.time - DAY + 1, last.time, MOST);
    const first = bars[0] ?? last;
    return {
      symbol,
      price: last.close,
      open_24h: first.open,
      high_24h: Math.max(...bars.map((bar) => bar.high)),
      low_24h: Math.min(...bars.map((bar) => bar.low)),
      volume_24h: bars.reduce((sum, bar) => sum + bar.volume, 0),
      change_24h: round(last.close - first.open, PRICE_DECIMALS),
      change_percent_24h: changePct(last.close, first.open, 4),
      timestamp: iso(last.time),
      data_range: { from: iso(first.time), to: iso(last.time), data_points: bars.length },
      source: last.source,
      simulated: deps.world === 'simulated',
    };
  },
});
