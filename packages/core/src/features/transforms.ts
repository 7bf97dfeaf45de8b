import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import { adxColumn, atrColumn, percentOf, rsiColumn } from './bar-columns.js';
import type { BarField, BarKernel } from './bar-kernel.js';
import type { BarTape } from './bar-tape.js';
import { logReturns } from './log-returns.js';
import type { SeriesKernel, SeriesLeg } from './series-leg.js';

/** What flows between a source and the transforms of its chain. */
export type Shape = 'bar field' | 'bar range' | 'series' | 'two series' | 'number' | 'bar number' | 'series number';

export type ParameterRule =
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'number'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'field' };

export type Parameters = Readonly<Record<string, number | string>>;

/** One step of a chain: what it takes, what it needs to be told, and how many stored bars it needs before its first value. */
interface TransformBase {
  readonly name: string;
  /** Raised when the numbers change; part of every feature's hash. */
  readonly version: number;
  readonly takes: Shape;
  readonly parameters: Readonly<Record<string, ParameterRule>>;
  /** True for one that a plugin brings. */
  readonly plugin?: boolean;
}

/** One use of a bar transform in a feature file: the source's field, where it is one, and the column to write to. */
export interface TransformUse {
  readonly parameters: Parameters;
  readonly field: BarField;
  readonly column: Float64Array;
}

/** From the source's bar to a number at every stored bar. */
export interface BarTransform extends TransformBase {
  readonly takes: 'bar field' | 'bar range';
  /** Stored bars that must precede the first value. */
  warmUp(parameters: Parameters): number;
  /** True when each value rests on all bars before it: the missing-gap rule then hides it. */
  readonly recursive: boolean;
  /** Kernels for all uses in a file at once, so that they can share work. */
  create(uses: readonly TransformUse[], tape: BarTape): BarKernel[];
}

/** From one bar number to the next: changes in place what the chain has written. */
export interface BarNumberTransform extends TransformBase {
  readonly takes: 'bar number';
  warmUp?(parameters: Parameters): number;
  /** As of a {@link BarTransform}; not by default. */
  readonly recursive?: boolean;
  create(parameters: Parameters, tape: BarTape, column: Float64Array): BarKernel;
}

/** From observations to a number that changes when one arrives or ages. */
export interface SeriesTransform extends TransformBase {
  readonly takes: 'series' | 'two series';
  create(legs: readonly SeriesLeg[]): SeriesKernel;
}

/** One number from another, nothing else: the same for every bar. */
export type NumberStep = (value: number) => number;

export interface NumberTransform extends TransformBase {
  readonly takes: 'number';
  create(parameters: Parameters): NumberStep;
}

export type Transform = BarTransform | BarNumberTransform | SeriesTransform | NumberTransform;
export type Transforms = ReadonlyMap<string, Transform>;

const PERIOD: ParameterRule = { type: 'integer', minimum: 2, maximum: 1000 };

const transforms: readonly Transform[] = [
  {
    // ln(value / value `slots` slots earlier); an absent slot is replaced by the last bar at most a quarter further back
    name: 'log_return',
    version: 1,
    takes: 'bar field',
    parameters: { slots: { type: 'integer', minimum: 1, maximum: 10_000 } },
    warmUp: ({ slots }) => slots as number,
    recursive: false,
    create: (uses, tape) =>
      [...new Set(uses.map((use) => use.field))].map((field) => {
        const own = uses.filter((use) => use.field === field);
        const distances = Int32Array.from(own, (use) => use.parameters['slots'] as number);
        const columns = own.map((use) => use.column);
        return logReturns(distances, tape, tape.fields[field], columns);
      }),
  },
  {
    name: 'rsi',
    version: Rsi.version,
    takes: 'bar field',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => period as number,
    recursive: true,
    create: (uses, tape) =>
      uses.map(({ parameters: { period }, field, column }) => rsiColumn(period as number, tape.fields[field], column)),
  },
  {
    name: 'atr',
    version: Atr.version,
    takes: 'bar range',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => period as number,
    recursive: true,
    create: (uses, tape) => uses.map(({ parameters: { period }, column }) => atrColumn(period as number, tape, column)),
  },
  {
    name: 'adx',
    version: Adx.version,
    takes: 'bar range',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => 2 * (period as number) - 1,
    recursive: true,
    create: (uses, tape) => uses.map(({ parameters: { period }, column }) => adxColumn(period as number, tape, column)),
  },
  {
    // value / a field of the same bar · 100
    name: 'percent_of',
    version: 1,
    takes: 'bar number',
    parameters: { field: { type: 'field' } },
    create: ({ field }, tape, column) => percentOf(tape.fields[field as BarField], column),
  },
  {
    // sin or cos of a number that comes round after `period`: the 60 slots of a session, the 7 days of a week
    name: 'sine_of_cycle',
    version: 1,
    takes: 'number',
    parameters: { period: { type: 'number', minimum: 1e-9, maximum: 1e9 } },
    create:
      ({ period }) =>
      (value) =>
        Math.sin((2 * Math.PI * value) / (period as number)),
  },
  {
    name: 'cosine_of_cycle',
    version: 1,
    takes: 'number',
    parameters: { period: { type: 'number', minimum: 1e-9, maximum: 1e9 } },
    create:
      ({ period }) =>
      (value) =>
        Math.cos((2 * Math.PI * value) / (period as number)),
  },
  {
    // the latest available observation
    name: 'latest',
    version: 1,
    takes: 'series',
    parameters: {},
    create: ([leg]) => ({ value: (day) => leg!.latest(day) }),
  },
  {
    // latest / previous observation − 1
    name: 'change_from_previous',
    version: 1,
    takes: 'series',
    parameters: {},
    create: ([leg]) => ({ value: (day) => leg!.latest(day) / leg!.previous() - 1 }),
  },
  {
    // first − second, each leg at its own latest observation
    name: 'difference',
    version: 1,
    takes: 'two series',
    parameters: {},
    create: ([first, second]) => ({ value: (day) => first!.latest(day) - second!.latest(day) }),
  },
];

/** The transforms that a feature file may name. */
export const TRANSFORMS: Transforms = new Map(transforms.map((t) => [t.name, t]));

/** True when a transform takes what the chain has: a step from number to number takes any number. */
export function fits(transform: Transform, shape: Shape): boolean {
  return transform.takes === shape || (transform.takes === 'number' && shape.endsWith('number'));
}

/** What a transform's output is to the next one, after `shape`. */
export function shapeAfter(transform: Transform, shape: Shape): Shape {
  if (transform.takes === 'number') return shape;
  return transform.takes === 'series' || transform.takes === 'two series' ? 'series number' : 'bar number';
}
