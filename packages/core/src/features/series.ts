import { SignalboxError } from '../errors.js';
import type { Calendar } from '../market/calendar.js';
import { epochDay, isoDate, minutesOfDay } from '../market/date.js';
import { createZone, type Zone } from '../market/zone.js';
import type { FeatureConfig, SeriesDefinition } from './config.js';

/** One stored, non-empty value of a macro series. */
export interface SeriesObservation {
  readonly series: string;
  /** Date of the value, `YYYY-MM-DD`. */
  readonly date: string;
  readonly value: number;
  /** The instant from which a bar may see it, epoch milliseconds. */
  readonly availableAt: number;
}

/** One series in order of availability, as streams read it. */
export interface SeriesColumn {
  readonly availableAt: readonly number[];
  readonly days: readonly number[];
  readonly values: readonly number[];
  readonly maxAgeDays: number;
  /** Counts insertions before the end: a stream that has read past them reads again. */
  readonly edits: number;
}

/** Macro observations by series, in order of availability. Streams read it while a host adds to it. */
export interface SeriesTable {
  /** The series of the feature file. */
  readonly names: readonly string[];
  /** Counts all observations; it grows with each. */
  readonly size: number;
  has(series: string): boolean;
  /** When a value of `date` may be seen by the rule of its series: epoch milliseconds. */
  availableAt(series: string, date: string): number;
  /**
   * Stores a value under the rule of its series; `firstSeen` (market time) makes it available later than the rule says, never
   * earlier. A second value for a date is a revision: bars from its availability on see it. Throws FEATURE_UNKNOWN for a
   * series that the feature file does not define, RangeError for a date that is none and a value that is not finite.
   */
  add(series: string, date: string, value: number, firstSeen?: number): SeriesObservation;
  column(series: string): SeriesColumn;
}

interface Column extends SeriesColumn {
  readonly availableAt: number[];
  readonly days: number[];
  readonly values: number[];
  edits: number;
  readonly rule: (day: number) => number;
}

/** An empty table for the series that a feature file defines. */
export function createSeriesTable(config: Pick<FeatureConfig, 'series'>, calendar: Calendar): SeriesTable {
  const columns = new Map<string, Column>();
  for (const [name, definition] of Object.entries(config.series)) {
    const rule = availability(definition, calendar);
    columns.set(name, { availableAt: [], days: [], values: [], edits: 0, maxAgeDays: definition.max_age_days, rule });
  }
  const column = (series: string): Column => {
    const found = columns.get(series);
    if (found) return found;
    throw new SignalboxError(
      'FEATURE_UNKNOWN',
      `series "${series}" is not in the feature file (it has: ${[...columns.keys()].join(', ')})`,
      'Add the series to the feature file or leave its values out.',
    );
  };
  let size = 0;
  return {
    names: [...columns.keys()],
    get size() {
      return size;
    },
    has: (series) => columns.has(series),
    column,
    availableAt: (series, date) => column(series).rule(dayNumber(date)),
    add(series, date, value, firstSeen = -Infinity) {
      const { rule, availableAt, days, values } = column(series);
      if (!Number.isFinite(value)) throw new RangeError(`${series} ${date}: ${value} is not a finite number`);
      const day = dayNumber(date);
      const time = Math.max(rule(day), firstSeen);
      // by availability, then by date; a revision after what it revises
      let at = days.length;
      while (at > 0 && (availableAt[at - 1]! > time || (availableAt[at - 1] === time && days[at - 1]! > day))) at--;
      if (at < days.length) column(series).edits++;
      availableAt.splice(at, 0, time);
      days.splice(at, 0, day);
      values.splice(at, 0, value);
      size++;
      return { series, date, value, availableAt: time };
    },
  };
}

function dayNumber(date: string): number {
  const day = epochDay(date);
  if (Number.isNaN(day)) throw new RangeError(`not a date (YYYY-MM-DD): ${date}`);
  return day;
}

function availability({ available }: SeriesDefinition, calendar: Calendar): (day: number) => number {
  const zone: Zone = createZone(available.zone);
  const minutes = minutesOfDay(available.time);
  if (available.rule === 'lag') return (day) => zone.at(day + available.days, minutes);
  // the calendar names its next session day by date; the hour is the rule's own
  return (day) => zone.at(epochDay(calendar.nextSessionDay(isoDate(day))), minutes);
}
