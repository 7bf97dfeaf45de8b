import type { Slot } from '../market/slot.js';
import type { Calendar } from '../market/calendar.js';
import { epochDay, isoWeekday } from '../market/date.js';
import type { FeatureDefinition } from './config.js';
import { Finish } from './finish.js';
import { numberSteps } from './number-steps.js';
import type { FeatureRow } from './row.js';
import type { NumberStep, Transforms } from './transforms.js';

export const CALENDAR_FIELDS = ['slot', 'slots_left', 'minutes_to_close', 'day_of_week', 'days_since_session'] as const;
/**
 * `slot` 0 … slots per session − 1 · `slots_left` slots still to come, 0 in the last · `minutes_to_close` from the bar's
 * completion to the session's end · `day_of_week` 1 Monday … 7 Sunday, of the session's date · `days_since_session` calendar
 * days since the session day before.
 */
export type CalendarField = (typeof CALENDAR_FIELDS)[number];

/** A feature made of the calendar or of another symbol, and where it lies in a row. */
export interface PlacedFeature {
  readonly feature: FeatureDefinition;
  readonly at: number;
}

/** The features that the calendar gives: known ahead of every bar, so they remember nothing. */
export class CalendarFeatures {
  readonly #calendar: Calendar;
  readonly #fields: readonly CalendarField[];
  readonly #steps: readonly (readonly NumberStep[])[];
  readonly #raw: Float64Array;
  readonly #finish: Finish;
  #session = '';
  #weekday = NaN;
  #daysSince = NaN;

  constructor(placed: readonly PlacedFeature[], calendar: Calendar, width: number, transforms: Transforms) {
    this.#calendar = calendar;
    this.#fields = placed.map(({ feature: { source } }) => ('calendar' in source ? source.calendar : 'slot'));
    this.#steps = placed.map(({ feature }) => numberSteps(feature, transforms));
    this.#raw = new Float64Array(placed.length);
    const features = placed.map(({ feature }) => feature);
    const columns = placed.map(({ at }) => at);
    this.#finish = new Finish(features, columns, new Uint8Array(placed.length), width);
  }

  /** Writes them for a bar in this slot; `before` stored bars precede it. */
  update(slot: Slot, before: number, row: FeatureRow): void {
    if (slot.session !== this.#session) this.#enter(slot.session);
    const raw = this.#raw;
    for (let i = 0; i < raw.length; i++) {
      let value = this.#read(this.#fields[i]!, slot);
      for (const step of this.#steps[i]!) value = step(value);
      raw[i] = value;
    }
    this.#finish.write(raw, 1, 0, 1, before, undefined, row.values, row.status, 0);
  }

  #enter(session: string): void {
    this.#session = session;
    const day = epochDay(session);
    this.#weekday = isoWeekday(day);
    this.#daysSince = day - epochDay(this.#calendar.previousSessionDay(session));
  }

  #read(field: CalendarField, { index }: Slot): number {
    const { slotsPerSession, slotMs } = this.#calendar;
    const left = slotsPerSession - 1 - index;
    if (field === 'slot') return index;
    if (field === 'slots_left') return left;
    if (field === 'minutes_to_close') return (left * slotMs) / 60_000;
    return field === 'day_of_week' ? this.#weekday : this.#daysSince;
  }
}
