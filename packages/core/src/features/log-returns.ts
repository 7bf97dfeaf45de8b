import type { Bar } from '../market/bar.js';
import { readBar, type BarField, type BarKernel } from './bar-kernel.js';

/** ln(value / value some slots earlier) over several distances of one field, on one memory of its latest values by slot. */
export class LogReturns implements BarKernel {
  readonly #read: (bar: Bar) => number;
  readonly #mask: number;
  readonly #ordinals: Int32Array;
  readonly #past: Float64Array;
  readonly #distances: Int32Array;
  readonly #columns: Int32Array;
  readonly #values: Float64Array;

  /** `columns[i]` of `values` takes the return over `distances[i]` slots. */
  constructor(field: BarField, distances: readonly number[], columns: readonly number[], values: Float64Array) {
    this.#read = readBar(field);
    const longest = Math.max(...distances);
    const size = 2 ** Math.ceil(Math.log2(longest + (longest >> 2) + 1));
    this.#mask = size - 1;
    this.#ordinals = new Int32Array(size).fill(-0x80000000);
    this.#past = new Float64Array(size);
    this.#distances = Int32Array.from(distances);
    this.#columns = Int32Array.from(columns);
    this.#values = values;
  }

  push(bar: Bar, ordinal: number): void {
    const value = this.#read(bar);
    const mask = this.#mask;
    const ordinals = this.#ordinals;
    const past = this.#past;
    const distances = this.#distances;
    const columns = this.#columns;
    const values = this.#values;
    ordinals[ordinal & mask] = ordinal;
    past[ordinal & mask] = value;
    for (let i = 0; i < distances.length; i++) {
      // an absent slot: the last bar at most a quarter of the distance before it
      const first = ordinal - distances[i]!;
      let from = first;
      if (ordinals[from & mask] !== from) {
        const last = first - (distances[i]! >> 2);
        do from--;
        while (from >= last && ordinals[from & mask] !== from);
        if (from < last) {
          values[columns[i]!] = NaN;
          continue;
        }
      }
      values[columns[i]!] = Math.log(value / past[from & mask]!);
    }
  }
}
