import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import { readBar, type BarField, type BarKernel } from './bar-kernel.js';
import type { SeriesKernel, SeriesLeg } from './series-leg.js';
import type { SlotHistory } from './slot-history.js';

/** What flows between a source and the transforms of its chain. */
export type Shape = 'bar field' | 'bar range' | 'series' | 'two series' | 'bar number' | 'series number';

export type ParameterRule =
  { readonly type: 'integer'; readonly minimum: number; readonly maximum: number } | { readonly type: 'field' };

export type Parameters = Readonly<Record<string, number | string>>;

/** One step of a chain: what it takes, what it needs to be told, and how many stored bars it needs before its first value. */
interface TransformBase {
  readonly name: string;
  /** Raised when the numbers change; part of every feature's hash. */
  readonly version: number;
  readonly takes: Shape;
  readonly parameters: Readonly<Record<string, ParameterRule>>;
}

/** From the source's bar to a number at every stored bar. */
export interface BarTransform extends TransformBase {
  readonly takes: 'bar field' | 'bar range';
  /** Stored bars that must precede the first value. */
  warmUp(parameters: Parameters): number;
  /** True when each value rests on all bars before it: the missing-gap rule then hides it. */
  readonly recursive: boolean;
  create(parameters: Parameters, field: BarField, history: (field: BarField, slots: number) => SlotHistory): BarKernel;
}

/** From one bar number to the next. */
export interface BarNumberTransform extends TransformBase {
  readonly takes: 'bar number';
  create(parameters: Parameters, inner: BarKernel): BarKernel;
}

/** From observations to a number that changes when one arrives or ages. */
export interface SeriesTransform extends TransformBase {
  readonly takes: 'series' | 'two series';
  create(legs: readonly SeriesLeg[]): SeriesKernel;
}

export type Transform = BarTransform | BarNumberTransform | SeriesTransform;

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
    create({ slots }, field, history) {
      const past = history(field, slots as number);
      const read = readBar(field);
      return { push: (bar, ordinal) => Math.log(read(bar) / past.before(ordinal, slots as number)) };
    },
  },
  {
    name: 'rsi',
    version: Rsi.version,
    takes: 'bar field',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => period as number,
    recursive: true,
    create({ period }, field) {
      const rsi = new Rsi(period as number);
      const read = readBar(field);
      return { push: (bar) => rsi.push(read(bar)) };
    },
  },
  {
    name: 'atr',
    version: Atr.version,
    takes: 'bar range',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => period as number,
    recursive: true,
    create({ period }) {
      const atr = new Atr(period as number);
      return { push: (bar) => atr.push(bar.high, bar.low, bar.close) };
    },
  },
  {
    name: 'adx',
    version: Adx.version,
    takes: 'bar range',
    parameters: { period: PERIOD },
    warmUp: ({ period }) => 2 * (period as number) - 1,
    recursive: true,
    create({ period }) {
      const adx = new Adx(period as number);
      return { push: (bar) => adx.push(bar.high, bar.low) };
    },
  },
  {
    // value / a field of the same bar · 100
    name: 'percent_of',
    version: 1,
    takes: 'bar number',
    parameters: { field: { type: 'field' } },
    create({ field }, inner) {
      const read = readBar(field as BarField);
      return { push: (bar, ordinal) => (inner.push(bar, ordinal) / read(bar)) * 100 };
    },
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
export const TRANSFORMS: ReadonlyMap<string, Transform> = new Map(transforms.map((t) => [t.name, t]));

/** What a transform's output is to the next one. */
export function shapeAfter(transform: Transform): Shape {
  return transform.takes === 'series' || transform.takes === 'two series' ? 'series number' : 'bar number';
}
