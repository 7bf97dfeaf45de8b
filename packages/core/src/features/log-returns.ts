import type { BarBlock } from './bar-block.js';
import type { BarField, BarKernel } from './bar-kernel.js';

/** ln(value / value some slots earlier), on a memory of the field's latest values by slot. */
export class LogReturns implements BarKernel {
  readonly #field: BarField;
  readonly #slots: number;
  readonly #column: Float64Array;
  readonly #mask: number;
  readonly #ordinals: Int32Array;
  readonly #past: Float64Array;

  constructor(field: BarField, slots: number, column: Float64Array) {
    this.#field = field;
    this.#slots = slots;
    this.#column = column;
    const size = 2 ** Math.ceil(Math.log2(slots + (slots >> 2) + 1));
    this.#mask = size - 1;
    this.#ordinals = new Int32Array(size).fill(-0x80000000);
    this.#past = new Float64Array(size);
  }

  push(bars: BarBlock): void {
    const values = bars.fields[this.#field];
    const { count, ordinals: at } = bars;
    const slots = this.#slots;
    const column = this.#column;
    const mask = this.#mask;
    const ordinals = this.#ordinals;
    const past = this.#past;
    for (let i = 0; i < count; i++) {
      const ordinal = at[i]!;
      const value = values[i]!;
      ordinals[ordinal & mask] = ordinal;
      past[ordinal & mask] = value;
      let from = ordinal - slots;
      if (ordinals[from & mask] !== from) {
        // an absent slot: the last bar at most a quarter of the distance before it
        const last = from - (slots >> 2);
        do from--;
        while (from >= last && ordinals[from & mask] !== from);
        if (from < last) {
          column[i] = NaN;
          continue;
        }
      }
      column[i] = Math.log(value / past[from & mask]!);
    }
  }
}
