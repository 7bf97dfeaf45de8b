import { barsNeeded, tooManyAbsent } from '../indicators/gap.js';
import type { Bar } from '../market/bar.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import type { BarField, BarKernel } from './bar-kernel.js';
import { BarTape } from './bar-tape.js';
import type { FeatureDefinition } from './config.js';
import { Finish } from './finish.js';
import type { SessionCursor } from './session-cursor.js';
import { NONE } from './bar-columns.js';
import type { BarTransform, NumberStep, Transform, Transforms, TransformUse } from './transforms.js';

/** A feature made of bars, its first transform, and where it lies in a row. */
export interface BarUse {
  readonly feature: FeatureDefinition;
  readonly transform: BarTransform;
  readonly at: number;
}

/** The features made of bars: takes bars one by one and computes those that wait, one or many, at once. */
export class BarFeatures {
  /** Stored bars so far. */
  bars = 0;
  /** Bars taken and not yet written. */
  waiting = 0;
  readonly #slots: number;
  readonly #tape: BarTape;
  /** `raw[feature * capacity of the tape + place on the tape]`. */
  readonly #raw: Float64Array;
  /** In the order of the chains. */
  readonly #kernels: readonly BarKernel[];
  readonly #wide: Uint8Array;
  readonly #finish: Finish;

  constructor(uses: readonly BarUse[], slotsPerSession: number, width: number, transforms: Transforms) {
    this.#slots = slotsPerSession;
    const reach = uses.map(({ feature, transform }) => transform.warmUp(feature.transforms[0]!));
    const tape = new BarTape(Math.max(barsNeeded(slotsPerSession), ...reach), fieldsOf(uses, transforms));
    const raw = new Float64Array(uses.length * tape.capacity);
    const heads = new Map<BarTransform, TransformUse[]>();
    const steps: BarKernel[] = [];
    uses.forEach(({ feature, transform }, i) => {
      const column = raw.subarray(i * tape.capacity, (i + 1) * tape.capacity);
      const [parameters, ...rest] = feature.transforms;
      const use = { parameters: parameters!, field: sourceField(feature), column };
      heads.set(transform, [...(heads.get(transform) ?? []), use]);
      for (const step of rest) {
        const next = transforms.get(step.name)!;
        if (next.takes === 'bar number') steps.push(next.create(step, tape, column));
        else if (next.takes === 'number') steps.push(eachNumber(next.create(step), column));
      }
    });
    this.#kernels = [...[...heads].flatMap(([head, all]) => head.create(all, tape)), ...steps];
    this.#tape = tape;
    this.#raw = raw;
    this.#wide = new Uint8Array(tape.capacity);
    const features = uses.map((use) => use.feature);
    const columns = uses.map((use) => use.at);
    const recursive = Uint8Array.from(uses, ({ feature }) =>
      feature.transforms.some((step) => isRecursive(transforms.get(step.name)!)) ? 1 : 0,
    );
    this.#finish = new Finish(features, columns, recursive, width);
  }

  /** True when `write` has to come before the next bar. */
  get full(): boolean {
    return this.#tape.full && this.waiting > 0;
  }

  /** Takes the next bar. Throws RangeError for one that is not later than the last, which changes nothing. */
  push(bar: Bar, ordinal: number): void {
    const tape = this.#tape;
    if (tape.full) tape.move();
    tape.append(bar, ordinal);
    this.bars++;
    this.waiting++;
  }

  /** Takes as many bars as `BarTape.take` does. */
  take(
    bars: readonly Bar[],
    from: number,
    session: SessionCursor,
    limit: number,
    times: Float64Array,
    row: number,
  ): number {
    const tape = this.#tape;
    if (tape.full) tape.move();
    const { end } = tape;
    try {
      return tape.take(bars, from, session, limit, times, row);
    } finally {
      this.bars += tape.end - end;
      this.waiting += tape.end - end;
    }
  }

  /** Writes the bars that wait in rows from `row` on. */
  write(values: Float64Array, status: Uint8Array, row: number): void {
    const { waiting } = this;
    const { end, capacity } = this.#tape;
    const from = end - waiting;
    const kernels = this.#kernels;
    for (let i = 0; i < kernels.length; i++) kernels[i]!.run(from, end);
    this.#finish.write(this.#raw, capacity, from, end, this.bars - waiting, this.#gaps(from, end), values, status, row);
    this.waiting = 0;
  }

  /** After all that waited was written. */
  save(to: StateWriter): void {
    to.number(this.bars);
    this.#tape.save(to);
    for (const kernel of this.#kernels) to.numbers(kernel.state);
  }

  restore(from: StateReader): void {
    this.bars = from.number();
    this.waiting = 0;
    this.#tape.restore(from);
    for (const kernel of this.#kernels) from.into(kernel.state);
  }

  /** 1 where values with memory are hidden; undefined when nowhere. */
  #gaps(from: number, to: number): Uint8Array | undefined {
    const tape = this.#tape;
    const { ordinals } = tape;
    const slots = this.#slots;
    const back = barsNeeded(slots) - 1;
    if (tape.dense(from - back, to)) return undefined;
    const wide = this.#wide;
    for (let i = from; i < to; i++) wide[i] = Number(tooManyAbsent(ordinals[i - back]!, ordinals[i]!, slots));
    return wide;
  }
}

const isRecursive = (transform: Transform): boolean => 'recursive' in transform && transform.recursive === true;

function sourceField({ source }: FeatureDefinition): BarField {
  return 'bar' in source && typeof source.bar === 'string' ? source.bar : 'close';
}

function eachNumber(step: NumberStep, column: Float64Array): BarKernel {
  return {
    state: NONE,
    run(from, to) {
      for (let i = from; i < to; i++) column[i] = step(column[i]!);
    },
  };
}

function fieldsOf(uses: readonly BarUse[], transforms: Transforms): Set<BarField> {
  const fields = new Set<BarField>();
  for (const { feature } of uses) {
    if ('bar' in feature.source) for (const field of [feature.source.bar].flat()) fields.add(field);
    for (const step of feature.transforms) {
      for (const [name, rule] of Object.entries(transforms.get(step.name)!.parameters))
        if (rule.type === 'field') fields.add(step[name] as BarField);
    }
  }
  return fields;
}
