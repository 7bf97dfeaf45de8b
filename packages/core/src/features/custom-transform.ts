import type { BarField, BarKernel } from './bar-kernel.js';
import { NONE } from './bar-columns.js';
import type { BarTape } from './bar-tape.js';
import { TRANSFORMS, type ParameterRule, type Parameters, type Transform, type Transforms } from './transforms.js';

/** What a plugin's kernel keeps between bars: everything in `state`, so that a snapshot can save and restore it. */
export interface CustomKernel<Arguments extends readonly number[]> {
  /** The same array for the kernel's life. */
  readonly state?: Float64Array;
  /**
   * Takes the next bar's number (or high, low, close) and gives the value at it; NaN where there is none. It is called once
   * for each stored bar, in order, and it is given NaN, never an infinity, where the chain has no number at a bar (its warm-up,
   * an absent slot, a division by zero): a kernel that keeps a sum passes it over, or its state is NaN for ever.
   */
  push(...values: Arguments): number;
}

interface CustomBase {
  /** Lower case, digits and _; not one of the engine's. */
  readonly name: string;
  /** Raised whenever the numbers change: it is part of the hash of each feature that uses the transform. */
  readonly version: number;
  readonly parameters: Readonly<Record<string, ParameterRule>>;
}

/** A transform that a plugin brings, as plain data and one function. */
export type CustomTransform =
  | (CustomBase & {
      /** One field of every stored bar, or the number that the chain has at it. */
      readonly takes: 'bar field' | 'bar number';
      /** Stored bars that must precede the first value; 0 by default. */
      warmUp?(parameters: Parameters): number;
      /** True when each value rests on all bars before it: it is then missing while too many slots before it are absent. */
      readonly recursive?: boolean;
      create(parameters: Parameters): CustomKernel<[value: number]>;
    })
  | (CustomBase & {
      readonly takes: 'bar range';
      warmUp?(parameters: Parameters): number;
      readonly recursive?: boolean;
      create(parameters: Parameters): CustomKernel<[high: number, low: number, close: number]>;
    })
  | (CustomBase & {
      /** Any number, of a bar, a series, the calendar or the position; remembers nothing. */
      readonly takes: 'number';
      create(parameters: Parameters): (value: number) => number;
    });

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/** Checks and freezes a transform. Throws RangeError that names it and what is wrong. */
export function defineTransform(definition: CustomTransform): CustomTransform {
  const { name, version } = definition;
  if (!NAME.test(name)) throw new RangeError(`transform "${name}": a name is lower case letters, digits and _`);
  if (TRANSFORMS.has(name)) throw new RangeError(`transform ${name}: the engine has one of that name`);
  if (!Number.isInteger(version) || version < 1) throw new RangeError(`transform ${name}: version is not 1, 2, …`);
  for (const key of Object.keys(definition.parameters))
    if (key === 'name' || key === 'version') throw new RangeError(`transform ${name}: no parameter is called ${key}`);
  return Object.freeze({ ...definition });
}

/** The engine's transforms and those of plugins. Throws RangeError when two bring the same name. */
export function withTransforms(custom: Iterable<CustomTransform>): Transforms {
  const all = new Map(TRANSFORMS);
  for (const one of custom) {
    const made = defineTransform(one);
    if (all.has(made.name)) throw new RangeError(`transform ${made.name}: two plugins bring one of that name`);
    all.set(made.name, adopt(made));
  }
  return all;
}

function adopt(custom: CustomTransform): Transform {
  const { name, version, parameters } = custom;
  const base = { name, version, parameters, plugin: true };
  if (custom.takes === 'number') return { ...base, takes: 'number', create: (given) => custom.create(given) };
  const warmUp = (given: Parameters): number => custom.warmUp?.(given) ?? 0;
  if (custom.takes === 'bar number') {
    return {
      ...base,
      takes: 'bar number',
      warmUp,
      recursive: custom.recursive ?? false,
      create: (given, _, column) => overOne(custom.create(given), column, column),
    };
  }
  const recursive = custom.recursive ?? false;
  if (custom.takes === 'bar range') {
    return {
      ...base,
      takes: 'bar range',
      warmUp,
      recursive,
      create: (uses, tape) => uses.map((use) => overRange(custom.create(use.parameters), tape, use.column)),
    };
  }
  return {
    ...base,
    takes: 'bar field',
    warmUp,
    recursive,
    create: (uses, tape) =>
      uses.map((use) => overOne(custom.create(use.parameters), tape.fields[use.field], use.column)),
  };
}

/** A plugin's kernel never meets an infinity. */
const known = (value: number): number => (Number.isFinite(value) ? value : NaN);

function overOne(kernel: CustomKernel<[number]>, values: Float64Array, column: Float64Array): BarKernel {
  return {
    state: kernel.state ?? NONE,
    run(from, to) {
      for (let i = from; i < to; i++) column[i] = kernel.push(known(values[i]!));
    },
  };
}

function overRange(kernel: CustomKernel<[number, number, number]>, tape: BarTape, column: Float64Array): BarKernel {
  const { high, low, close } = tape.fields as Readonly<Record<BarField, Float64Array>>;
  return {
    state: kernel.state ?? NONE,
    run(from, to) {
      for (let i = from; i < to; i++) column[i] = kernel.push(high[i]!, low[i]!, close[i]!);
    },
  };
}
