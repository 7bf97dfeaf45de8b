import type { FeatureDefinition } from './config.js';
import { Finish } from './finish.js';
import type { FeatureRow } from './row.js';
import { SeriesLeg, type SeriesKernel } from './series-leg.js';
import type { SeriesTable } from './series.js';
import type { SessionCursor } from './session-cursor.js';
import type { SeriesTransform, Transforms } from './transforms.js';

/** A feature made of series, its first transform, and where it lies in a row. */
export interface SeriesUse {
  readonly feature: FeatureDefinition;
  readonly transform: SeriesTransform;
  readonly at: number;
}

/** The features made of series: they change with an observation, with the date, and while one warms up. */
export class SeriesFeatures {
  readonly #columns: readonly number[];
  readonly #row: FeatureRow;
  readonly #slotMs: number;
  readonly #series: SeriesTable;
  readonly #legs: readonly SeriesLeg[];
  readonly #kernels: readonly SeriesKernel[];
  readonly #raw: Float64Array;
  readonly #finish: Finish;
  readonly #stable: number;
  #size = -1;
  /** Bars that open from then on complete when the next observation is available. */
  #next = -Infinity;
  /** The row holds for bars that open before. */
  #until = -Infinity;

  constructor(
    uses: readonly SeriesUse[],
    series: SeriesTable,
    slotMs: number,
    row: FeatureRow,
    transforms: Transforms,
  ) {
    this.#slotMs = slotMs;
    const legs = new Map<string, SeriesLeg>();
    const leg = (name: string): SeriesLeg => {
      let found = legs.get(name);
      if (!found) legs.set(name, (found = new SeriesLeg(series.column(name))));
      return found;
    };
    const features = uses.map((use) => use.feature);
    const columns = uses.map((use) => use.at);
    this.#columns = columns;
    this.#row = row;
    this.#series = series;
    this.#kernels = uses.map(({ feature: { source, transforms: chain }, transform }) => {
      const kernel = transform.create('series' in source ? [source.series].flat().map(leg) : []);
      const steps = chain.slice(1).flatMap((step) => {
        const next = transforms.get(step.name)!;
        return next.takes === 'number' ? [next.create(step)] : [];
      });
      if (steps.length === 0) return kernel;
      return { value: (day) => steps.reduce((value, step) => step(value), kernel.value(day)) };
    });
    this.#legs = [...legs.values()];
    this.#raw = new Float64Array(uses.length);
    this.#finish = new Finish(features, columns, new Uint8Array(uses.length), row.values.length);
    this.#stable = Math.max(0, ...features.map((feature) => feature.stable_after));
  }

  /** True when the row's numbers can be others for a bar that opens at `time`. */
  due(time: number): boolean {
    return time >= this.#until || this.#series.size !== this.#size;
  }

  /** The row's numbers hold for bars that open before, unless an observation is added. */
  get until(): number {
    return this.#until;
  }

  /** Writes the numbers for a bar that opens at `time` into the row; `before` stored bars precede it. */
  update(time: number, { day, close }: SessionCursor, before: number): void {
    if (time >= this.#next || this.#series.size !== this.#size) this.#advance(time + this.#slotMs);
    this.#until = before < this.#stable ? -Infinity : Math.min(this.#next, close);
    const raw = this.#raw;
    for (let i = 0; i < raw.length; i++) raw[i] = this.#kernels[i]!.value(day);
    this.#finish.write(raw, 1, 0, 1, before, undefined, this.#row.values, this.#row.status, 0);
  }

  /** Copies them from the row into other rows, `from` to before `to`. */
  repeat(values: Float64Array, status: Uint8Array, from: number, to: number): void {
    const row = this.#row;
    const width = row.values.length;
    const end = to * width;
    const columns = this.#columns;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      const value = row.values[column]!;
      const code = row.status[column]!;
      for (let at = from * width + column; at < end; at += width) {
        values[at] = value;
        status[at] = code;
      }
    }
  }

  #advance(time: number): void {
    this.#size = this.#series.size;
    let next = Infinity;
    for (const leg of this.#legs) next = Math.min(next, leg.advance(time));
    this.#next = next - this.#slotMs;
  }
}
