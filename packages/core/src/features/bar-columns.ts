import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import { readBar, type BarField, type BarKernel } from './bar-kernel.js';

// Plain objects of one shape, not classes: the engine's loop then calls each kernel as a unit with its indicator compiled
// into it. Inlined into the loop instead, the indicators are calls that return a number, and V8 allocates each one.

export function rsiColumn(period: number, field: BarField, values: Float64Array, at: number): BarKernel {
  const rsi = new Rsi(period);
  const read = readBar(field);
  return {
    push(bar) {
      values[at] = rsi.push(read(bar));
    },
  };
}

export function atrColumn(period: number, values: Float64Array, at: number): BarKernel {
  const atr = new Atr(period);
  return {
    push(bar) {
      values[at] = atr.push(bar.high, bar.low, bar.close);
    },
  };
}

export function adxColumn(period: number, values: Float64Array, at: number): BarKernel {
  const adx = new Adx(period);
  return {
    push(bar) {
      values[at] = adx.push(bar.high, bar.low);
    },
  };
}

/** Changes the number that the chain has written so far: value / a field of the same bar · 100. */
export function percentOf(field: BarField, values: Float64Array, at: number): BarKernel {
  const read = readBar(field);
  return {
    push(bar) {
      values[at] = (values[at]! / read(bar)) * 100;
    },
  };
}
