import type { StateReader, StateWriter } from '../market/saved-state.js';

/**
 * The last `window` values in order of size, so that a rank is a binary search and a new value one move of memory. NaN
 * takes a place in the window and none in the ranking.
 */
export class RollingRank {
  private readonly ring: Float64Array;
  private readonly sorted: Float64Array;
  private next = 0;
  private filled = 0;
  private count = 0;

  constructor(readonly window: number) {
    this.ring = new Float64Array(window);
    this.sorted = new Float64Array(window);
  }

  /** Values in the window that are numbers. */
  get size(): number {
    return this.count;
  }

  /** How many of them are strictly below `value`. */
  below(value: number): number {
    const { sorted } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  push(value: number): void {
    const { ring, sorted, window } = this;
    if (this.filled === window) {
      const oldest = ring[this.next]!;
      if (!Number.isNaN(oldest)) {
        const at = this.below(oldest);
        sorted.copyWithin(at, at + 1, this.count);
        this.count--;
      }
    } else {
      this.filled++;
    }
    ring[this.next] = value;
    this.next = this.next + 1 === window ? 0 : this.next + 1;
    if (Number.isNaN(value)) return;
    const at = this.below(value);
    sorted.copyWithin(at + 1, at, this.count);
    sorted[at] = value;
    this.count++;
  }

  save(to: StateWriter): void {
    to.number(this.next);
    to.number(this.filled);
    to.numbers(this.ring);
  }

  restore(from: StateReader): void {
    this.next = from.number();
    this.filled = from.number();
    from.into(this.ring);
    const values = this.ring.subarray(0, this.filled).filter((value) => !Number.isNaN(value));
    this.count = values.length;
    this.sorted.set(values.sort());
  }
}
