import { Type } from '@sinclair/typebox';
import { Choice, Day, MARKET_STATUS, Nullable, Price, Shape, Timestamp } from '../schemas.js';

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

export const LatestPrice = Shape('LatestPrice', {
  symbol: Type.String(),
  price: Price,
  timestamp: Type.String({ format: 'date-time', description: 'Open time of the bar' }),
  volume: Type.Number(),
  bid: Nullable(Type.Number({ description: 'null: bars carry no quotes' })),
  ask: Nullable(Type.Number({ description: 'null: bars carry no quotes' })),
  source: Type.String(),
  market_status: Choice(MARKET_STATUS),
  simulated: Type.Boolean(),
});

export const Stats = Shape('Stats', {
  symbol: Type.String(),
  price: Price,
  open_24h: Type.Number({ description: 'Open of the first bar of the 24 hours' }),
  high_24h: Price,
  low_24h: Price,
  volume_24h: Type.Number(),
  change_24h: Type.Number({ description: 'price − open_24h' }),
  change_percent_24h: Type.Number({ description: 'change_24h / open_24h · 100' }),
  timestamp: Type.String({ format: 'date-time', description: 'Open time of the newest bar' }),
  data_range: Shape('DataRange', { from: Timestamp, to: Timestamp, data_points: Type.Integer() }),
  source: Type.String(),
  simulated: Type.Boolean(),
});

export const MarketStatus = Shape('MarketStatus', {
  is_open: Type.Boolean(),
  market_status: Choice(MARKET_STATUS),
  current_time: Timestamp,
  timezone: Type.String(),
  trading_hours: Type.String({ description: 'HH:MM-HH:MM in `timezone`' }),
  trading_days: Type.String(),
  next_event: Timestamp,
  next_event_type: Choice(['market_open', 'market_close']),
  time_to_next_event: Type.Integer({ description: 'Whole seconds of market time' }),
  simulated: Type.Boolean(),
});

export const TradingDay = Shape('TradingDay', {
  date: Day,
  is_trading_day: Type.Boolean(),
  is_weekend: Type.Boolean(),
  is_colombian_holiday: Type.Boolean(),
  is_us_holiday: Type.Boolean(),
  reason: Nullable(Type.String({ description: 'Why there is no session; null on a trading day' })),
  next_trading_day: Type.String({ format: 'date', description: 'First session day after the date' }),
});
