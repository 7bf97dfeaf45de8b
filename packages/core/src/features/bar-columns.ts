import { Adx } from '../indicators/adx.js';
import { Atr } from '../indicators/atr.js';
import { Rsi } from '../indicators/rsi.js';
import type { Bar } from '../market/bar.js';
import { readBar, type BarField, type BarKernel } from './bar-kernel.js';

// One class per indicator: the engine's loop then sees few shapes, and the compiler inlines them.

export class RsiColumn implements BarKernel {
  readonly #rsi: Rsi;
  readonly #read: (bar: Bar) => number;
  readonly #values: Float64Array;
  readonly #at: number;
  constructor(period: number, field: BarField, values: Float64Array, at: number) {
    this.#rsi = new Rsi(period);
    this.#read = readBar(field);
    this.#values = values;
    this.#at = at;
  }
  push(bar: Bar): void {
    this.#values[this.#at] = this.#rsi.push(this.#read(bar));
  }
}

export class AtrColumn implements BarKernel {
  readonly #atr: Atr;
  readonly #values: Float64Array;
  readonly #at: number;
  constructor(period: number, values: Float64Array, at: number) {
    this.#atr = new Atr(period);
    this.#values = values;
    this.#at = at;
  }
  push(bar: Bar): void {
    this.#values[this.#at] = this.#atr.push(bar.high, bar.low, bar.close);
  }
}

export class AdxColumn implements BarKernel {
  readonly #adx: Adx;
  readonly #values: Float64Array;
  readonly #at: number;
  constructor(period: number, values: Float64Array, at: number) {
    this.#adx = new Adx(period);
    this.#values = values;
    this.#at = at;
  }
  push(bar: Bar): void {
    this.#values[this.#at] = this.#adx.push(bar.high, bar.low);
  }
}

/** Changes the number that the chain has written so far: value / a field of the same bar · 100. */
export class PercentOf implements BarKernel {
  readonly #read: (bar: Bar) => number;
  readonly #values: Float64Array;
  readonly #at: number;
  constructor(field: BarField, values: Float64Array, at: number) {
    this.#read = readBar(field);
    this.#values = values;
    this.#at = at;
  }
  push(bar: Bar): void {
    const values = this.#values;
    values[this.#at] = (values[this.#at]! / this.#read(bar)) * 100;
  }
}
