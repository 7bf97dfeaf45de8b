import type { SeriesColumn } from './series.js';

/** A number made of observations: it changes only when one arrives or the date does. */
export interface SeriesKernel {
  /** `day` is the bar's local date as a day number. */
  value(day: number): number;
}

/** What one stream has seen of one series: its latest observation and the one before it by date. */
export class SeriesLeg {
  readonly #column: SeriesColumn;
  #edits: number;
  #cursor = 0;
  #latestDay = -Infinity;
  #latest = NaN;
  #previousDay = -Infinity;
  #previous = NaN;

  constructor(column: SeriesColumn) {
    this.#column = column;
    this.#edits = column.edits;
  }

  /** Takes what became available up to `time`; returns when the next observation will. */
  advance(time: number): number {
    const { availableAt, days, values, edits } = this.#column;
    if (edits !== this.#edits) {
      // something was added in the past of this cursor: go through all of it again
      this.#edits = edits;
      this.#cursor = 0;
      this.#latestDay = this.#previousDay = -Infinity;
      this.#latest = this.#previous = NaN;
    }
    let i = this.#cursor;
    for (; i < days.length && availableAt[i]! <= time; i++) this.#see(days[i]!, values[i]!);
    this.#cursor = i;
    return i < days.length ? availableAt[i]! : Infinity;
  }

  /** NaN before the first observation and when the latest is more than `max_age_days` old. */
  latest(day: number): number {
    return day - this.#latestDay <= this.#column.maxAgeDays ? this.#latest : NaN;
  }

  /** The observation with the date before the latest's; NaN when it is more than `max_age_days` older. */
  previous(): number {
    return this.#latestDay - this.#previousDay <= this.#column.maxAgeDays ? this.#previous : NaN;
  }

  #see(day: number, value: number): void {
    if (day > this.#latestDay) {
      this.#previousDay = this.#latestDay;
      this.#previous = this.#latest;
      this.#latestDay = day;
      this.#latest = value;
    } else if (day === this.#latestDay) {
      // a revision, from the moment at which it was seen
      this.#latest = value;
    } else if (day >= this.#previousDay) {
      this.#previousDay = day;
      this.#previous = value;
    }
  }
}
