import { createZone, SignalboxError } from '@signalbox/core';

const SHAPE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:\s?(Z|[+-]\d\d(?::?\d\d)?))?$/;

/** How a column of times is read: `undefined` for a text that is no time; `'zoneless'` for one that names no zone. */
export type MomentReader = (text: string) => number | undefined | 'zoneless';

/**
 * Reads ISO 8601 times with `Z` or an offset, `T` or a blank between date and time. With `zone` the digits are that zone's
 * wall clock, whatever label they carry: the remedy for files that were labelled wrongly.
 * @throws PARAMETER_INVALID for an unknown zone.
 */
export function momentReader(zone?: string): MomentReader {
  const local = zone === undefined ? undefined : wallClock(zone);
  // neighbouring rows share their day, and nearly all files have one of two forms: 30 ns instead of 500
  let day = '';
  let midnight: number | undefined;
  return (text) => {
    if (!local && isUtc(text)) {
      if (!text.startsWith(day) || day === '') {
        day = text.slice(0, 10);
        midnight = slow(`${day}T00:00:00Z`) as number | undefined;
      }
      const hour = digits(text, 11);
      const minute = digits(text, 14);
      const second = digits(text, 17);
      if (
        hour < 24 &&
        minute < 60 &&
        second < 60 &&
        text.charCodeAt(13) === COLON &&
        text.charCodeAt(16) === COLON &&
        midnight !== undefined
      ) {
        return midnight + ((hour * 60 + minute) * 60 + second) * 1000;
      }
    }
    return slow(text);
  };

  function slow(text: string): number | undefined | 'zoneless' {
    const found = SHAPE.exec(text.trim());
    if (!found) return undefined;
    const [, date, time, label] = found as unknown as [string, string, string, string | undefined];
    // Date.parse takes 30 February for 1 March
    if (Number(date.slice(8)) > daysIn(Number(date.slice(0, 4)), Number(date.slice(5, 7)))) return undefined;
    if (!local && label === undefined) return 'zoneless';
    const offset =
      local || label === 'Z'
        ? 'Z'
        : label!.length === 3
          ? `${label}:00`
          : label!.length === 5
            ? `${label!.slice(0, 3)}:${label!.slice(3)}`
            : label!;
    const parsed = Date.parse(`${date}T${time}${offset}`);
    if (Number.isNaN(parsed)) return undefined;
    return local ? local(parsed) : parsed;
  }
}

const COLON = 58;

/** `2024-01-31T13:00:00Z` or `2024-01-31 13:00:00+00:00`. */
function isUtc(text: string): boolean {
  const blank = text.charCodeAt(10);
  return (
    (text.length === 20 && blank === 84 && text.endsWith('Z')) ||
    (text.length === 25 && blank === 32 && text.endsWith('+00:00'))
  );
}

/** Two digits; above 99 when they are none. */
function digits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100;
}

function daysIn(year: number, month: number): number {
  return month === 2
    ? year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
      ? 29
      : 28
    : [4, 6, 9, 11].includes(month)
      ? 30
      : 31;
}

/** Wall-clock digits, held as if they were UTC, to the moment they name in `zone`. */
function wallClock(name: string): (digits: number) => number {
  try {
    const zone = createZone(name);
    return (digits) => digits - zone.offsetAt(digits - zone.offsetAt(digits));
  } catch {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `--tz ${name} is no time zone`,
      'Name an IANA zone, for example America/Bogota.',
    );
  }
}
