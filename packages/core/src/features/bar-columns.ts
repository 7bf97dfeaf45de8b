import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import type { BarKernel } from './bar-kernel.js';
import type { BarTape } from './bar-tape.js';

/** Of a kernel that reads nothing but the tape. */
export const NONE = new Float64Array(0);

// Plain objects of one shape, not classes: the engine then finds every kernel's `run` in the same place.

export function rsiColumn(period: number, values: Float64Array, column: Float64Array): BarKernel {
  const rsi = new Rsi(period);
  return { state: rsi.state, run: (from, to) => rsi.run(values, from, to, column) };
}

export function atrColumn(period: number, { fields: { high, low, close } }: BarTape, column: Float64Array): BarKernel {
  const atr = new Atr(period);
  return { state: atr.state, run: (from, to) => atr.run(high, low, close, from, to, column) };
}

export function adxColumn(period: number, { fields: { high, low } }: BarTape, column: Float64Array): BarKernel {
  const adx = new Adx(period);
  return { state: adx.state, run: (from, to) => adx.run(high, low, from, to, column) };
}

/** Changes the numbers that the chain has written so far: value / a field of the same bar · 100. */
export function percentOf(values: Float64Array, column: Float64Array): BarKernel {
  return {
    state: NONE,
    run(from, to) {
      for (let i = from; i < to; i++) column[i] = (column[i]! / values[i]!) * 100;
    },
  };
}
