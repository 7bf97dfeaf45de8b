import { CALENDARS, createCalendar, SignalboxError, type Calendar } from '@signalbox/core';
import type { Config } from './config.js';

/** The calendar of each configured instrument, by symbol. @throws CALENDAR_UNKNOWN */
export function calendarsOf(config: Pick<Config, 'instruments'>): Map<string, Calendar> {
  return new Map(
    config.instruments.map((instrument) => {
      const data = CALENDARS[instrument.calendar];
      if (!data) {
        throw new SignalboxError(
          'CALENDAR_UNKNOWN',
          `${instrument.symbol} names the calendar "${instrument.calendar}"; there are ${Object.keys(CALENDARS).join(', ')}`,
          'Correct "calendar" of the instrument in signalbox.config.json.',
        );
      }
      return [instrument.symbol, createCalendar(data)];
    }),
  );
}
