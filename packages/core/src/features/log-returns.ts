import { NONE } from './bar-columns.js';
import type { BarKernel } from './bar-kernel.js';
import type { BarTape } from './bar-tape.js';

/**
 * ln(value / value some slots earlier), over several distances of one field; `columns[k]` takes those over `distances[k]`
 * slots. The tape's history reaches that far.
 */
export function logReturns(
  distances: Int32Array,
  tape: BarTape,
  values: Float64Array,
  columns: readonly Float64Array[],
): BarKernel {
  const { ordinals } = tape;
  const longest = Math.max(...distances);
  return {
    state: NONE,
    run(from, to) {
      const dense = tape.dense(from - longest, to);
      for (let k = 0; k < distances.length; k++) {
        const distance = distances[k]!;
        const column = columns[k]!;
        for (let i = from; i < to; i++) {
          const past = dense ? i - distance : reference(ordinals, i, distance);
          column[i] = past < 0 ? NaN : Math.log(values[i]! / values[past]!);
        }
      }
    },
  };
}

/** The bar `distance` slots before bar `i`; where that slot is absent the last one at most a quarter earlier; −1 for none. */
function reference(ordinals: Int32Array, i: number, distance: number): number {
  const slot = ordinals[i]! - distance;
  // that many bars back there are at least as many slots between
  let past = i - distance;
  while (ordinals[past + 1]! <= slot) past++;
  return ordinals[past]! < slot - (distance >> 2) ? -1 : past;
}
