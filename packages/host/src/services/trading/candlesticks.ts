import { Type } from '@sinclair/typebox';
import { SignalboxError } from '@signalbox/core';
import { instrumentOf, iso } from '../respond.js';
import { route } from '../route.js';
import { Choice, Query, SymbolName } from '../schemas.js';
import { barsPerBucket, BUCKET_MS, candlesOf } from './candles.js';
import { overlays, WARM_UP } from './overlays.js';
import { Candlesticks, TIMEFRAMES } from './schemas.js';
import { windowOf } from './window.js';

const DAY = 86_400_000;

export const candlesticks = route({
  path: '/api/candlesticks/:symbol',
  summary: 'Bars of one symbol, aggregated',
  description:
    'Aggregated from the stored bars and aligned to the session; candles whose open time lies in the window, both ends ' +
    'included, of more than `limit` the newest. A bare date is a day in the zone of the market, a bare end date its end; the ' +
    'span is at most 365 days, by default the newest 7.',
  params: Type.Object({ symbol: SymbolName }, { additionalProperties: false }),
  query: Query({
    timeframe: Choice(TIMEFRAMES, { default: '5m', description: 'One finer than the stored bars is refused' }),
    start_date: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601 date or time' })),
    end_date: Type.Optional(
      Type.String({ maxLength: 40, description: 'ISO 8601 date or time; default the newest bar' }),
    ),
    limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
    include_indicators: Type.Boolean({ default: true }),
  }),
  response: Candlesticks,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  async handler({ params, query }, deps) {
    const { reads, calendar, clock } = deps;
    const { symbol } = instrumentOf(params.symbol, deps);
    const bucketMs = BUCKET_MS[query.timeframe];
    if (bucketMs < calendar.slotMs) {
      throw new SignalboxError(
        'PARAMETER_INVALID',
        `timeframe: ${query.timeframe} is finer than the stored bars of ${calendar.slotMs / 60_000} minutes`,
        'Ask for 5m or more.',
      );
    }
    const now = clock.now();
    const newest = (await reads.lastBar(symbol, now, calendar.slotMs))?.time ?? now;
    const { start, end } = windowOf(query, newest, calendar);

    // the last candle may begin in the window and end after it
    const closing = calendar.sessionClose(calendar.sessionDate(end)) ?? end;
    const to = Math.min(Math.max(end, closing - calendar.slotMs), now - calendar.slotMs);
    const perBucket = barsPerBucket(bucketMs, calendar);
    const sessions = Math.ceil((end - start) / DAY) + 2;
    const wanted = Math.min(query.limit, sessions * Math.ceil(calendar.slotsPerSession / perBucket));
    const most = (wanted + 1 + (query.include_indicators ? WARM_UP : 0)) * perBucket + calendar.slotsPerSession;
    const bars = await reads.bars(symbol, -Infinity, to, most);
    const candles = candlesOf(bars, bucketMs, calendar, now);
    // the oldest one may have lost its first bars to the limit
    if (bars.length === most) candles.shift();

    const beside = query.include_indicators ? overlays(candles.map((candle) => candle.close)) : [];
    const data = candles
      .map(({ partial, ...candle }, i) => ({ ...candle, ...(partial ? { partial } : {}), ...beside[i] }))
      .filter((candle) => candle.time >= start && candle.time <= end)
      .slice(-query.limit);
    return {
      symbol,
      timeframe: query.timeframe,
      start_date: iso(start),
      end_date: iso(end),
      count: data.length,
      data,
      simulated: deps.world === 'simulated',
    };
  },
});
