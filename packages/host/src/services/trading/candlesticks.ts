import { Type } from '@sinclair/typebox';
import { route } from '../route.js';
import { Choice, Query, SymbolName } from '../schemas.js';
import { Candlesticks, TIMEFRAMES } from './schemas.js';

export const candlesticks = route({
  path: '/api/candlesticks/:symbol',
  summary: 'Bars of one symbol, aggregated',
  description:
    'Aggregated from the stored 5-minute bars and aligned to the session; `limit` keeps the newest. Both ends are inclusive by ' +
    'bar time; a bare end date is the end of that day in the zone of the market.',
  params: Type.Object({ symbol: SymbolName }, { additionalProperties: false }),
  query: Query({
    timeframe: Choice(TIMEFRAMES, { default: '5m' }),
    start_date: Type.Optional(Type.String({ description: 'ISO 8601 date or time; default 7 days before end_date' })),
    end_date: Type.Optional(Type.String({ description: 'ISO 8601 date or time; default the newest bar' })),
    limit: Type.Integer({ minimum: 1, maximum: 10_000, default: 1000 }),
    include_indicators: Type.Boolean({ default: true }),
  }),
  response: Candlesticks,
  errors: [404],
  async handler() {
    throw new Error('pending');
  },
});
