/** The part of a calendar that the simulator needs. */
export interface SessionCalendar {
  readonly slotMs: number;
  readonly slotsPerSession: number;
  /** Open of a session's first slot, epoch milliseconds UTC. */
  sessionOpen(date: string): number;
  /** Session dates from `from` to `to`, both included, in order. */
  sessionsBetween(from: string, to: string): readonly string[];
}

const DAY = 86_400_000;

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

export function isWeekend(date: string): boolean {
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** Session dates looked up once per window of days. */
export class SessionDates {
  readonly #calendar: SessionCalendar;
  #from = '';
  #to = '';
  #dates: readonly string[] = [];

  constructor(calendar: SessionCalendar) {
    this.#calendar = calendar;
  }

  isSession(date: string): boolean {
    this.#cover(date, date);
    return this.#dates.includes(date);
  }

  /** The first session after a date; throws a RangeError when the calendar has none within a year. */
  after(date: string): string {
    const from = addDays(date, 1);
    for (const days of [30, 365]) {
      this.#cover(from, addDays(from, days));
      const next = this.#dates.find((session) => session >= from);
      if (next !== undefined) return next;
    }
    throw new RangeError(`no session within a year after ${date}`);
  }

  #cover(from: string, to: string): void {
    if (from >= this.#from && to <= this.#to) return;
    this.#from = addDays(from, -30);
    this.#to = addDays(to, 200);
    this.#dates = this.#calendar.sessionsBetween(this.#from, this.#to);
  }
}
