import type { Bar } from '../market/bar.js';
import type { Slot } from '../market/slot.js';

export class Atr14 {
  private seen = 0;
  private close = NaN;
  private value = 0;
  private readonly ordinals: Float64Array;
  constructor(private readonly slotsPerSession: number) {
    this.ordinals = new Float64Array(slotsPerSession).fill(-Infinity);
  }
  push(bar: Bar, slot: Slot): number {
    if (this.seen > 0) {
      const range = Math.max(bar.high, this.close) - Math.min(bar.low, this.close);
      this.value = this.seen <= 14 ? this.value + range / 14 : (this.value * 13 + range) / 14;
    }
    this.close = bar.close;
    this.ordinals[this.seen % this.slotsPerSession] = slot.ordinal;
    this.seen++;
    if (this.seen <= 150) return NaN;
    let stored = 0;
    for (const ordinal of this.ordinals) if (ordinal > slot.ordinal - this.slotsPerSession) stored++;
    return this.slotsPerSession - stored > this.slotsPerSession / 10 ? NaN : this.value;
  }
}
