import type { BarField, BarKernel } from './bar-kernel.js';

/**
 * ln(value / value some slots earlier) over several distances of one field, on one memory of its latest values by slot.
 * `columns[i]` takes the return over `distances[i]` slots.
 */
export function logReturns(field: BarField, distances: Int32Array, columns: readonly Float64Array[]): BarKernel {
  const longest = Math.max(...distances);
  const size = 2 ** Math.ceil(Math.log2(longest + (longest >> 2) + 1));
  const mask = size - 1;
  const ordinals = new Int32Array(size).fill(-0x80000000);
  const past = new Float64Array(size);
  return {
    push({ count, ordinals: at, fields }) {
      const values = fields[field];
      for (let i = 0; i < count; i++) {
        const ordinal = at[i]!;
        const value = values[i]!;
        ordinals[ordinal & mask] = ordinal;
        past[ordinal & mask] = value;
        for (let k = 0; k < distances.length; k++) {
          const distance = distances[k]!;
          let from = ordinal - distance;
          // an absent slot: the last bar at most a quarter of the distance before it
          const last = from - (distance >> 2);
          while (from >= last && ordinals[from & mask] !== from) from--;
          columns[k]![i] = from >= last ? Math.log(value / past[from & mask]!) : NaN;
        }
      }
    },
  };
}
