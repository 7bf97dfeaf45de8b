import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import type { BarField, BarKernel } from './bar-kernel.js';

// Plain objects of one shape, not classes: the engine then finds every kernel's `push` in the same place, and V8 compiles
// each with its indicator inside.

export function rsiColumn(period: number, field: BarField, column: Float64Array): BarKernel {
  const rsi = new Rsi(period);
  return {
    push({ count, fields }) {
      const values = fields[field];
      for (let i = 0; i < count; i++) column[i] = rsi.push(values[i]!);
    },
  };
}

export function atrColumn(period: number, column: Float64Array): BarKernel {
  const atr = new Atr(period);
  return {
    push({ count, fields: { high, low, close } }) {
      for (let i = 0; i < count; i++) column[i] = atr.push(high[i]!, low[i]!, close[i]!);
    },
  };
}

export function adxColumn(period: number, column: Float64Array): BarKernel {
  const adx = new Adx(period);
  return {
    push({ count, fields: { high, low } }) {
      for (let i = 0; i < count; i++) column[i] = adx.push(high[i]!, low[i]!);
    },
  };
}

/** Changes the numbers that the chain has written so far: value / a field of the same bar · 100. */
export function percentOf(field: BarField, column: Float64Array): BarKernel {
  return {
    push({ count, fields }) {
      const values = fields[field];
      for (let i = 0; i < count; i++) column[i] = (column[i]! / values[i]!) * 100;
    },
  };
}
