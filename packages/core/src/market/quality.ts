import type { Bar } from './bar.js';
import type { StateReader, StateWriter } from './saved-state.js';

/** Equal closes in a row, nights included, from which a price counts as stale. */
export const STALE_AFTER = 12;
/** A smaller move is never suspect: |ln(close / close before)|. */
export const SUSPECT_RETURN = 0.01;
/** A suspect move is more than so many times the median of the moves before it. */
export const SUSPECT_MEDIANS = 8;
/** Stored bars that the median looks back on. */
export const SUSPECT_WINDOW = 240;
/** Bars whose entries a suspect bar refuses, itself included. */
const SUSPECT_BARS = 3;

export interface QualityReading {
  /** Twelve equal closes in a row: no strategy is asked. */
  readonly stale: boolean;
  /** This bar or one of the two stored bars before it is suspect: entries of its signals are refused. */
  readonly suspect: boolean;
}

/**
 * Watches closes for frozen and for implausible prices, from what was known at each bar.
 *
 * A bar is suspect when |r| > 1 % and |r| > 8 × the median |r| of the 240 stored bars before it; r is the log return from
 * the stored bar before, nights included. Near the symbol's first bar the median is of the bars that there are; a bar
 * with no return before it is not suspect.
 */
export class PriceQuality {
  private close = NaN;
  private equalCloses = 0;
  private refusing = 0;
  private readonly moves = new Float64Array(SUSPECT_WINDOW);
  private readonly scratch = new Float64Array(SUSPECT_WINDOW);
  private count = 0;
  private next = 0;
  private readonly reading = { stale: false, suspect: false };

  /** Takes the next stored bar. The result is reused for every bar. */
  push(bar: Bar): QualityReading {
    const { close } = bar;
    this.equalCloses = close === this.close ? this.equalCloses + 1 : 1;
    if (this.refusing > 0) this.refusing--;
    if (!Number.isNaN(this.close)) {
      const move = Math.abs(Math.log(close / this.close));
      if (move > SUSPECT_RETURN && this.count > 0 && move > SUSPECT_MEDIANS * this.median())
        this.refusing = SUSPECT_BARS;
      this.moves[this.next] = move;
      this.next = (this.next + 1) % SUSPECT_WINDOW;
      if (this.count < SUSPECT_WINDOW) this.count++;
    }
    this.close = close;
    this.reading.stale = this.equalCloses >= STALE_AFTER;
    this.reading.suspect = this.refusing > 0;
    return this.reading;
  }

  save(to: StateWriter): void {
    to.numbers([this.close, this.equalCloses, this.refusing, this.count, this.next]);
    to.numbers(this.moves);
  }

  restore(from: StateReader): void {
    this.close = from.number();
    this.equalCloses = from.number();
    this.refusing = from.number();
    this.count = from.number();
    this.next = from.number();
    from.into(this.moves);
  }

  /** Rare: only moves above 1 % ask for it, so sorting is fine. */
  private median(): number {
    const sorted = this.scratch.subarray(0, this.count);
    sorted.set(this.moves.subarray(0, this.count));
    sorted.sort();
    const middle = this.count >> 1;
    return this.count % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  }
}
