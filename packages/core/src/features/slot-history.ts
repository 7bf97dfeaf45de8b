import type { Bar } from '../market/bar.js';
import { readBar, type BarField } from './bar-kernel.js';

/** The latest values of one bar field, found by the ordinal of their slot. */
export class SlotHistory {
  readonly #read: (bar: Bar) => number;
  readonly #mask: number;
  readonly #ordinals: Int32Array;
  readonly #values: Float64Array;

  /** Reaches `slots` slots back and the quarter beyond that `before` may look at. */
  constructor(field: BarField, slots: number) {
    this.#read = readBar(field);
    const size = 2 ** Math.ceil(Math.log2(slots + (slots >> 2) + 1));
    this.#mask = size - 1;
    this.#ordinals = new Int32Array(size).fill(-0x80000000);
    this.#values = new Float64Array(size);
  }

  push(bar: Bar, ordinal: number): void {
    const i = ordinal & this.#mask;
    this.#ordinals[i] = ordinal;
    this.#values[i] = this.#read(bar);
  }

  /** The value `slots` slots before `ordinal`; if absent, the last one at most ⌊slots / 4⌋ slots before that; else NaN. */
  before(ordinal: number, slots: number): number {
    const first = ordinal - slots;
    const last = first - (slots >> 2);
    for (let o = first; o >= last; o--) {
      const i = o & this.#mask;
      if (this.#ordinals[i] === o) return this.#values[i]!;
    }
    return NaN;
  }
}
