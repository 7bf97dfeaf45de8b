import type { Calendar } from '../market/calendar.js';
import { DAY_MS } from '../market/date.js';
import type { Slot } from '../market/slot.js';

/** The session in which a stream is: looked up once, so that a bar costs arithmetic and no object. */
export class SessionCursor {
  session = '';
  /** The session date's day number. */
  day = NaN;
  /** When the session ends, exclusive. */
  close = -Infinity;
  /** When its first slot opens, and that slot's ordinal. */
  open = Infinity;
  first = 0;
  readonly slotMs: number;
  readonly #calendar: Calendar;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
    this.slotMs = calendar.slotMs;
  }

  /** True when a slot opens at `time`; the cursor is in its session then. */
  find(time: number): boolean {
    const slot = this.#calendar.slot(time);
    if (slot && slot.session !== this.session) this.enter(time, slot);
    return slot !== undefined;
  }

  /** Enters the session of the slot that opens at `time`. */
  enter(time: number, { session, index, ordinal }: Slot): void {
    this.session = session;
    this.day = Date.parse(session) / DAY_MS;
    this.close = this.#calendar.sessionClose(session) ?? -Infinity;
    this.open = time - index * this.slotMs;
    this.first = ordinal - index;
  }
}
