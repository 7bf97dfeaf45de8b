import { round } from '@signalbox/core';
import { MACRO_COLUMNS } from './macro-columns.js';
import { Rejections, type RejectReason } from './report.js';

/** The values of one date, in the order of {@link MACRO_COLUMNS}; null where the file has none. 4 decimals. */
export interface MacroRow {
  /** `YYYY-MM-DD`, the date that the value is stamped with. */
  readonly date: string;
  readonly values: readonly (number | null)[];
}

/** Amounts of money stand in NUMERIC(14,4), all else in NUMERIC(10,4). */
const LIMITS = MACRO_COLUMNS.map((column) =>
  column.unit.startsWith('USD mn') || column.unit.startsWith('USD bn') ? 1e10 : 1e6,
);

export interface MacroIntakeOptions {
  /** Wall time, epoch milliseconds: later dates cannot be. */
  readonly now: number;
  /** Told of each row that is not taken. */
  readonly onReject?: (place: number, reason: RejectReason) => void;
}

/** The checks of a macro row, the same whatever way it comes: of two rows for one date the later counts as a whole. */
export class MacroIntake {
  readonly rejections = new Rejections();
  private readonly rows = new Map<string, { row: MacroRow; place: number }>();

  constructor(private readonly options: MacroIntakeOptions) {}

  /**
   * One row. `place`: its line or index.
   * @param date checked with {@link isDate}
   * @param values finite, in the order of {@link MACRO_COLUMNS}; rounded here to 4 decimals
   */
  put(place: number, date: string, values: readonly (number | null)[]): void {
    let tooLarge = '';
    const rounded = values.map((value, i): number | null => {
      if (value === null) return null;
      const one = round(value, 4);
      if (Math.abs(one) >= LIMITS[i]!) tooLarge = MACRO_COLUMNS[i]!.name;
      return one;
    });
    const moment = Date.parse(`${date}T00:00:00Z`);
    if (tooLarge !== '' || moment < Date.UTC(1900, 0, 1) || moment > this.options.now)
      return this.reject('out_of_range', place, `${date} ${tooLarge}`.trim());
    const earlier = this.rows.get(date);
    if (earlier) this.reject('duplicate', earlier.place, `${date}; line ${place} counts`);
    this.rows.set(date, { row: { date, values: rounded }, place });
  }

  /** The accepted rows in order of date. */
  finish(): MacroRow[] {
    return [...this.rows.values()].map(({ row }) => row).sort((a, b) => (a.date < b.date ? -1 : 1));
  }

  private reject(reason: RejectReason, place: number, row: string): void {
    this.rejections.add(reason, place, () => row);
    this.options.onReject?.(place, reason);
  }
}

/** True for a date that exists, `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(moment) && new Date(moment).toISOString().slice(0, 10) === text;
}
