import { Type, type Static, type TObject } from '@sinclair/typebox';
import { SignalboxError } from '@signalbox/core';
import { body, type Check } from '../services/validation.js';
import { Code, Day, Shape } from '../services/schemas.js';
import { combinationsOf, MAX_COMBINATIONS } from './grid.js';
import type { JobKind } from '../stores/postgres/jobs.js';

const Values = Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.Unknown());
const Window = {
  from: Type.Optional(Day),
  to: Type.Optional(Day),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'What a person calls it' })),
};

export const BacktestParameters = Shape('BacktestParameters', {
  strategies: Type.Optional(Type.Array(Code, { minItems: 1, maxItems: 100, uniqueItems: true })),
  ...Window,
  parameters: Type.Optional(
    Type.Record(Code, Values, { description: 'By strategy: what this run has other than the strategy’s row' }),
  ),
});
export const SweepParameters = Shape('SweepParameters', {
  strategy: Code,
  grid: Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.Array(Type.Unknown(), { minItems: 1 }), {
    description: `Values of each parameter; every combination is run, ${MAX_COMBINATIONS} at most`,
  }),
  ...Window,
  keep: Type.Optional(Type.Boolean({ description: 'Keep the rows of each run; without it only the figures stay' })),
});
export const FeaturesParameters = Shape('FeaturesParameters', {});
export const TrainParameters = Shape('TrainParameters', {
  strategy: Code,
  seed: Type.Optional(Type.Integer({ minimum: 0 })),
  options: Type.Optional(Values),
});
export type BacktestParameters = Static<typeof BacktestParameters>;
export type SweepParameters = Static<typeof SweepParameters>;
export type TrainParameters = Static<typeof TrainParameters>;

const SCHEMAS: Record<JobKind, TObject> = {
  backtest: BacktestParameters,
  sweep: SweepParameters,
  features: FeaturesParameters,
  train: TrainParameters,
};
const checks = new Map<JobKind, ReturnType<typeof body>>();

/** Checks what a job of a kind is asked to do. @throws PARAMETER_INVALID naming the field */
export function checkParameters(kind: JobKind, given: unknown): Readonly<Record<string, unknown>> {
  let check = checks.get(kind);
  if (!check) checks.set(kind, (check = body(SCHEMAS[kind]) as Check as ReturnType<typeof body>));
  const parameters = check(given) as Record<string, unknown>;
  const { from, to } = parameters as { from?: string; to?: string };
  if (from !== undefined && to !== undefined && from > to)
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `from: the window begins on ${from} and ends on ${to}`,
      'Give a from before to.',
    );
  if (kind === 'sweep') combinationsOf((parameters as unknown as SweepParameters).grid);
  return parameters;
}

/** Kind and parameters as one text, whatever the order of the keys: the same job has the same key. */
export const naturalKey = (kind: JobKind, parameters: object): string =>
  `${kind} ${JSON.stringify(sorted(parameters))}`;

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}
