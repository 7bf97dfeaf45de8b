import type { StateReader, StateWriter } from '../market/saved-state.js';

/** Of the last `slots` slots, those that must hold bars: a tenth may be absent. */
export function barsNeeded(slots: number): number {
  return slots - Math.floor(slots / 10);
}

/** `ordinals`: the latest bar's and that of the first of the latest `barsNeeded(slots)` bars. */
export function tooManyAbsent(first: number, latest: number, slots: number): boolean {
  return first <= latest - slots;
}

/**
 * Counts stored bars among the last `slots` slots: a value with memory is missing at a bar when more than a tenth of the
 * session's worth of slots that end with it are absent. Nights hold no slots; slots before the first bar count as absent.
 *
 * With a kernel, per accepted bar: update both, then hide the value while it warms up or the gap is too wide. A hidden bar
 * has still updated the state.
 *
 * ```ts
 * const atr = new Atr(14);
 * const gap = new SlotGap(calendar.slotsPerSession);
 * let bars = 0;
 * function push(bar: Bar, slot: Slot): number {
 *   const value = atr.push(bar.high, bar.low, bar.close);
 *   const wide = gap.push(slot.ordinal);
 *   return bars++ < 150 || wide ? NaN : value; // 150 = stable_after
 * }
 * ```
 */
export class SlotGap {
  readonly #slots: number;
  /** Ordinals of the latest bars that must all lie within the last `slots` slots; a ring. */
  readonly #ordinals: Float64Array;
  #next = 0;

  constructor(slots: number) {
    this.#slots = slots;
    this.#ordinals = new Float64Array(barsNeeded(slots)).fill(-Infinity);
  }

  /** Takes the next stored bar's ordinal; true when too many slots are absent. */
  push(ordinal: number): boolean {
    const ordinals = this.#ordinals;
    ordinals[this.#next] = ordinal;
    if (++this.#next === ordinals.length) this.#next = 0;
    // the oldest of the bars needed: enough are there when even it lies within the window
    return tooManyAbsent(ordinals[this.#next]!, ordinal, this.#slots);
  }

  save(to: StateWriter): void {
    to.number(this.#next);
    to.numbers(this.#ordinals);
  }

  restore(from: StateReader): void {
    this.#next = from.number();
    from.into(this.#ordinals);
  }
}
