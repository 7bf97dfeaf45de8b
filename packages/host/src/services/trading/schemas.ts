import { Type } from '@sinclair/typebox';
import { Choice, Nullable, Price, Shape, Timestamp } from '../schemas.js';

export const TIMEFRAMES = ['1m', '5m', '15m', '30m', '1h', '4h', '1d'] as const;
const indicator = (what: string) =>
  Type.Optional(Nullable(Type.Number({ description: `${what}; null while it warms up` })));

export const Candlesticks = Shape('Candlesticks', {
  symbol: Type.String(),
  timeframe: Choice(TIMEFRAMES),
  start_date: Timestamp,
  end_date: Timestamp,
  count: Type.Integer(),
  data: Type.Array(
    Shape('Candle', {
      time: Type.Integer({ description: 'Open time of the bucket, epoch milliseconds' }),
      open: Price,
      high: Price,
      low: Price,
      close: Price,
      volume: Type.Number(),
      partial: Type.Optional(
        Type.Boolean({ description: "True where the session's end, or now, cuts the bucket short" }),
      ),
      ema_20: indicator('Exponential moving average, 20 buckets'),
      ema_50: indicator('Exponential moving average, 50 buckets'),
      bb_upper: indicator('Bollinger band, 20 buckets, +2 population sd'),
      bb_middle: indicator('Mean of 20 buckets'),
      bb_lower: indicator('Bollinger band, 20 buckets, −2 population sd'),
      rsi: indicator('RSI, 14 buckets, Wilder'),
    }),
  ),
  simulated: Type.Boolean(),
});
