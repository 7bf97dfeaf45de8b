import { Type, type Static, type TProperties, type TSchema } from '@sinclair/typebox';

/** A closed object with a name: an undeclared property fails, and `title` makes it a component of the OpenAPI document. */
export const Shape = <T extends TProperties>(title: string, properties: T, description?: string) =>
  Type.Object(properties, { title, additionalProperties: false, ...(description ? { description } : {}) });

/** Query parameters: an unknown one is refused, so that a misspelt name is not taken for its default. */
export const Query = <T extends TProperties>(properties: T) => Type.Object(properties, { additionalProperties: false });

export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const Choice = <const T extends readonly string[]>(
  values: T,
  options: { default?: T[number]; description?: string } = {},
) => Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });

/** ISO 8601, UTC, milliseconds and `Z`. */
export const Timestamp = Type.String({ format: 'date-time', description: 'ISO 8601, UTC, with milliseconds' });
export const Day = Type.String({ format: 'date', description: 'Date in the zone of the market' });
export const Price = Type.Number({ description: 'Quote currency per unit of base' });
export const Usd = Type.Number({ description: 'Account currency, US dollars' });
export const Percent = Type.Number({ description: 'Percent: 7.1 means 7.1 %' });
export const Fraction = Type.Number({ minimum: 0, maximum: 1, description: 'Fraction, 0–1' });
export const Code = Type.String({ minLength: 1, maxLength: 50, pattern: '^[A-Za-z0-9_.-]+$' });
export const CodeList = Type.String({
  maxLength: 2000,
  pattern: '^[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*$',
  description: 'Strategy codes, separated by commas',
});
export const RunId = Type.String({
  minLength: 1,
  maxLength: 100,
  default: 'live',
  description: 'Run to answer from: `live`, or the id of a backtest. Windows of a backtest end at its end.',
});
export const SymbolName = Type.String({ minLength: 3, maxLength: 20, pattern: '^[A-Za-z0-9]+[/_-]?[A-Za-z0-9]+$' });

export const MARKET_STATUS = ['open', 'pre_market', 'closed'] as const;
export const SIGNALS = ['long', 'short', 'flat', 'close'] as const;
export const SIDES = ['long', 'short'] as const;

export const ErrorBody = Shape(
  'Error',
  {
    detail: Type.String({ description: 'What is wrong, in words; a parameter is named' }),
    status_code: Type.Integer(),
    code: Type.String({ description: 'Stable code, see docs/errors.md' }),
  },
  'Every error has this shape',
);
export type ErrorBody = Static<typeof ErrorBody>;

export const Root = Shape('ServiceRoot', {
  message: Type.String(),
  version: Type.String(),
  endpoints: Type.Record(Type.String(), Type.String(), { description: 'Route and what it answers' }),
});

export const ClockState = Shape('ClockState', {
  mode: Choice(['wall', 'replay']),
  speed: Type.Number({ description: 'Market seconds per wall second; 0 while paused' }),
  now: Timestamp,
});

/** Where a strategy stands. A lifecycle state in capitals when its package runs; otherwise why nothing runs. */
export const STRATEGY_STATES = [
  'READY',
  'RUNNING',
  'DEGRADED',
  'FAULTED',
  'SUSPENDED',
  'loading',
  'unavailable',
  'not_installed',
  'refused',
  'external',
  'inactive',
] as const;
export type StrategyState = (typeof STRATEGY_STATES)[number];

export const Ready = Shape('Ready', {
  status: Choice(['ready', 'not_ready']),
  database: Choice(['connected', 'disconnected']),
  timestamp: Timestamp,
});

export const Health = Shape('Health', {
  status: Choice(['healthy', 'unhealthy']),
  database: Choice(['connected', 'disconnected']),
  timestamp: Timestamp,
  world: Choice(['market', 'simulated']),
  simulated: Type.Boolean(),
  clock: ClockState,
  strategies: Type.Array(
    Shape('StrategyHealth', {
      strategy_code: Type.String(),
      state: Choice(STRATEGY_STATES),
      reason: Nullable(Type.String()),
    }),
  ),
});
