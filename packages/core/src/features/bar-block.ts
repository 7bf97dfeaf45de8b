import type { Bar } from '../market/bar.js';
import type { Slot } from '../market/slot.js';
import type { BarField } from './bar-kernel.js';

const DAY_MS = 86_400_000;

/** The next stored bars as columns: one when streaming, up to `capacity` in a batch. Kernels read it and keep the memory. */
export class BarBlock {
  count = 0;
  readonly capacity: number;
  readonly times: Float64Array;
  readonly ordinals: Int32Array;
  /** Day numbers of the sessions' dates. */
  readonly days: Int32Array;
  readonly fields: Readonly<Record<BarField, Float64Array>>;
  #ordinal = -1;
  #session = '';
  #day = 0;

  constructor(capacity: number) {
    const column = (): Float64Array => new Float64Array(capacity);
    this.capacity = capacity;
    this.times = column();
    this.ordinals = new Int32Array(capacity);
    this.days = new Int32Array(capacity);
    this.fields = { open: column(), high: column(), low: column(), close: column(), volume: column() };
  }

  /** Appends a bar. Throws RangeError for one that is not later than the bar before, in this block or an earlier one. */
  add(bar: Bar, slot: Slot): void {
    const { ordinal, session } = slot;
    if (ordinal <= this.#ordinal) {
      throw new RangeError(`bar ${new Date(bar.time).toISOString()} is not later than the one before it`);
    }
    this.#ordinal = ordinal;
    if (session !== this.#session) {
      this.#session = session;
      this.#day = Date.parse(session) / DAY_MS;
    }
    const at = this.count++;
    const { open, high, low, close, volume } = this.fields;
    this.times[at] = bar.time;
    this.ordinals[at] = ordinal;
    this.days[at] = this.#day;
    open[at] = bar.open;
    high[at] = bar.high;
    low[at] = bar.low;
    close[at] = bar.close;
    volume[at] = bar.volume;
  }
}
