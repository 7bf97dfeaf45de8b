import { types, type CustomTypesConfig } from 'pg';

const digits = (s: string, at: number): number => (s.charCodeAt(at) - 48) * 10 + s.charCodeAt(at + 1) - 48;

/** `2025-01-02 13:05:00.123456+00` → epoch milliseconds; microseconds are cut off. */
export function parseTimestamptz(text: string): number {
  if (text === 'infinity') return Infinity;
  if (text === '-infinity') return -Infinity;
  // a year of four digits, AD, in UTC, as our sessions always write it
  if (text.charCodeAt(4) === 45 && text.endsWith('+00')) {
    const year = digits(text, 0) * 100 + digits(text, 2);
    const second = Date.UTC(
      year,
      digits(text, 5) - 1,
      digits(text, 8),
      digits(text, 11),
      digits(text, 14),
      digits(text, 17),
    );
    return text.charCodeAt(19) === 46 ? second + Number(text.slice(20, -3).padEnd(3, '0').slice(0, 3)) : second;
  }
  const iso = text.replace(' ', 'T').replace(/(\.\d{3})\d+/, '$1');
  return Date.parse(/[+-]\d\d$/.test(iso) ? `${iso}:00` : iso);
}

const OWN = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, Number], // ids, seq, volume: far below 2^53
  [types.builtins.NUMERIC, Number], // at most 15 digits in our columns: the nearest double prints the same
  [types.builtins.TIMESTAMPTZ, parseTimestamptz],
  [types.builtins.DATE, (text: string) => text], // a Date would shift by the machine's zone
]);

/** numeric and bigint → number, timestamptz → **epoch milliseconds**, date → `YYYY-MM-DD`. Set per client, never globally. */
export const parsers: CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : OWN.get(oid)) ??
    types.getTypeParser(oid, format ?? 'text')) as CustomTypesConfig['getTypeParser'],
};
