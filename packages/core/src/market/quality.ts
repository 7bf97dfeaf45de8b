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
/** Stored bars after a suspect one in which it may turn out to have been a bad tick. */
export const REVERT_WITHIN = 3;
/** A move has reverted when no more than this share of it is left. */
export const REVERT_SHARE = 0.5;

export interface QualityReading {
  /** Twelve equal closes in a row: no strategy is asked. */
  readonly stale: boolean;
  /** This bar or one of the two stored bars before it is suspect: entries of its signals are refused. */
  readonly suspect: boolean;
  /** Suspect bars that this bar shows to have been bad ticks: known from here on, and never acted upon. Mostly empty. */
  readonly badTicks: readonly BadTick[];
}

/** A suspect bar that reverted within three stored bars. */
export interface BadTick {
  /** Open time of the suspect bar, epoch milliseconds. */
  readonly time: number;
  /** Its log return. */
  readonly move: number;
  /** Open time of the bar that showed it. */
  readonly revertedAt: number;
}

const NONE: readonly BadTick[] = Object.freeze([]);

/**
 * Watches closes for frozen and for implausible prices, from what was known at each bar.
 *
 * A bar is suspect when |r| > 1 % and |r| > 8 × the median |r| of the 240 stored bars before it; r is the log return from
 * the stored bar before, nights included. Near the symbol's first bar the median is of the bars that there are; a bar
 * with no return before it is not suspect.
 *
 * A suspect bar t has reverted when |ln(close of t+k / close before t)| ≤ half of its |r| for a k of 1 … 3 stored bars: it
 * is then flagged as a bad tick. What was refused because of it stays refused.
 */
export class PriceQuality {
  private close = NaN;
  private equalCloses = 0;
  private refusing = 0;
  private readonly moves = new Float64Array(SUSPECT_WINDOW);
  private readonly scratch = new Float64Array(SUSPECT_WINDOW);
  private count = 0;
  private next = 0;
  /** Suspect bars of the last three, which may still revert. */
  private watched: { readonly time: number; readonly before: number; readonly move: number; left: number }[] = [];
  private readonly reading: { stale: boolean; suspect: boolean; badTicks: readonly BadTick[] } = {
    stale: false,
    suspect: false,
    badTicks: NONE,
  };

  /** Takes the next stored bar. The result is reused for every bar. */
  push(bar: Bar): QualityReading {
    const { close } = bar;
    this.equalCloses = close === this.close ? this.equalCloses + 1 : 1;
    if (this.refusing > 0) this.refusing--;
    this.reading.badTicks = this.watched.length === 0 ? NONE : this.reverted(bar);
    if (!Number.isNaN(this.close)) {
      const signed = Math.log(close / this.close);
      const move = Math.abs(signed);
      if (move > SUSPECT_RETURN && this.count > 0 && move > SUSPECT_MEDIANS * this.median()) {
        this.refusing = SUSPECT_BARS;
        this.watched.push({ time: bar.time, before: this.close, move: signed, left: REVERT_WITHIN });
      }
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
    const watched = new Float64Array(4 * REVERT_WITHIN).fill(NaN);
    this.watched.forEach(({ time, before, move, left }, i) => watched.set([time, before, move, left], 4 * i));
    to.numbers(watched);
  }

  restore(from: StateReader): void {
    this.close = from.number();
    this.equalCloses = from.number();
    this.refusing = from.number();
    this.count = from.number();
    this.next = from.number();
    from.into(this.moves);
    const watched = new Float64Array(4 * REVERT_WITHIN);
    from.into(watched);
    this.watched = [];
    for (let i = 0; i < watched.length && !Number.isNaN(watched[i]!); i += 4)
      this.watched.push({ time: watched[i]!, before: watched[i + 1]!, move: watched[i + 2]!, left: watched[i + 3]! });
  }

  /** Rare: only in the three bars after a suspect one. */
  private reverted({ time, close }: Bar): readonly BadTick[] {
    const found: BadTick[] = [];
    this.watched = this.watched.filter((one) => {
      one.left--;
      if (Math.abs(Math.log(close / one.before)) > REVERT_SHARE * Math.abs(one.move)) return one.left > 0;
      found.push({ time: one.time, move: one.move, revertedAt: time });
      return false;
    });
    return found;
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

/** The suspect bars of a run of stored bars that were bad ticks, in order of the bars that showed it. */
export function findBadTicks(bars: Iterable<Bar>): BadTick[] {
  const quality = new PriceQuality();
  const found: BadTick[] = [];
  for (const bar of bars) found.push(...quality.push(bar).badTicks);
  return found;
}
