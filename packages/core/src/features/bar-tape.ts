import type { Bar } from '../market/bar.js';
import type { StateReader, StateWriter } from '../market/saved-state.js';
import type { BarField } from './bar-kernel.js';
import type { SessionCursor } from './session-cursor.js';

/** Bars between two moves of the tape: moving costs little then, and the tape still lies in the nearest cache. */
const ROOM = 192;
/** The ordinal of what precedes the first bar: further back than any distance reaches. */
const LONG_AGO = -0x40000000;

/**
 * The latest stored bars as columns, oldest first: bars are appended at `end`, `history` bars stay readable before each.
 * Streaming reads the bar that it appended, a batch a run of them; both read the same memory.
 */
export class BarTape {
  end: number;
  readonly history: number;
  readonly capacity: number;
  readonly ordinals: Int32Array;
  /** Of the fields that are read; the others are empty and stay so. */
  readonly fields: Readonly<Record<BarField, Float64Array>>;
  readonly #reads: Readonly<Record<BarField, boolean>>;

  constructor(history: number, read: ReadonlySet<BarField>) {
    const column = (field: BarField): Float64Array => new Float64Array(read.has(field) ? this.capacity : 0);
    const reads = (field: BarField): boolean => read.has(field);
    this.history = history;
    this.capacity = history + Math.max(ROOM, history);
    this.end = history;
    this.ordinals = new Int32Array(this.capacity).fill(LONG_AGO);
    this.fields = {
      open: column('open'),
      high: column('high'),
      low: column('low'),
      close: column('close'),
      volume: column('volume'),
    };
    this.#reads = {
      open: reads('open'),
      high: reads('high'),
      low: reads('low'),
      close: reads('close'),
      volume: reads('volume'),
    };
  }

  /** Appends a bar; `move` first where the tape is full. Throws RangeError for a bar that is not later than the last. */
  append(bar: Bar, ordinal: number): void {
    const at = this.end;
    if (ordinal <= this.ordinals[at - 1]!) throw notLater(bar);
    this.#put(at, bar, ordinal);
    this.end = at + 1;
  }

  /**
   * Appends those of `bars` from number `from` on that open in a slot of the session before `limit`, while there is room;
   * their times go to `times` from `row` on. Returns the number of the first bar that it left. Throws as `append` does, the
   * bars before being taken.
   */
  take(
    bars: readonly Bar[],
    from: number,
    { open, first, slotMs }: SessionCursor,
    limit: number,
    times: Float64Array,
    row: number,
  ): number {
    const { capacity, ordinals } = this;
    let at = this.end;
    let last = ordinals[at - 1]!;
    let i = from;
    for (; i < bars.length && at < capacity; i++) {
      const bar = bars[i]!;
      const { time } = bar;
      if (time >= limit || time < open) break;
      const index = ((time - open) / slotMs) | 0;
      if (open + index * slotMs !== time) continue;
      const ordinal = first + index;
      if (ordinal <= last) {
        this.end = at;
        throw notLater(bar);
      }
      last = ordinal;
      this.#put(at++, bar, ordinal);
      times[row++] = time;
    }
    this.end = at;
    return i;
  }

  #put(at: number, bar: Bar, ordinal: number): void {
    const { open, high, low, close, volume } = this.fields;
    const reads = this.#reads;
    this.ordinals[at] = ordinal;
    if (reads.open) open[at] = bar.open;
    if (reads.high) high[at] = bar.high;
    if (reads.low) low[at] = bar.low;
    if (reads.close) close[at] = bar.close;
    if (reads.volume) volume[at] = bar.volume;
  }

  get full(): boolean {
    return this.end === this.capacity;
  }

  /** Forgets all but the last `history` bars, which it moves to the front. */
  move(): void {
    const { end, history, fields } = this;
    const from = end - history;
    this.ordinals.copyWithin(0, from, end);
    for (const column of Object.values(fields)) if (column.length > 0) column.copyWithin(0, from, end);
    this.end = history;
  }

  /** The bars that kernels may still read. */
  save(to: StateWriter): void {
    const from = this.end - this.history;
    to.numbers(this.ordinals.subarray(from, this.end));
    for (const column of Object.values(this.fields)) if (column.length > 0) to.numbers(column.subarray(from, this.end));
  }

  restore(from: StateReader): void {
    this.end = this.history;
    from.into(this.ordinals.subarray(0, this.end));
    for (const column of Object.values(this.fields)) if (column.length > 0) from.into(column.subarray(0, this.end));
  }

  /** True when no slot is absent from `from` to before `to`: a distance in slots is one in bars then. */
  dense(from: number, to: number): boolean {
    return this.ordinals[to - 1]! - this.ordinals[from]! === to - 1 - from;
  }
}

function notLater({ time }: Bar): RangeError {
  return new RangeError(`bar ${new Date(time).toISOString()} is not later than the one before it`);
}
