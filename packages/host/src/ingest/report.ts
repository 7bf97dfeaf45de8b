/** Why a row was not taken. In the order in which they are tested; the first that holds counts. */
export const REJECT_REASONS = [
  'unknown_symbol',
  'out_of_range',
  'bogota_labelled_utc',
  'weekend',
  'holiday',
  'outside_session',
  'off_slot',
  'ohlc_inconsistent',
  'duplicate',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** What each reason means, for people. */
export const REASON_TEXT: Readonly<Record<RejectReason, string>> = {
  unknown_symbol: 'a symbol that is not configured',
  out_of_range: 'a value that cannot be: a price not above 0, a time to come, a number too large to store',
  bogota_labelled_utc: 'Bogota time labelled UTC; read the file with --tz America/Bogota',
  weekend: 'Saturday or Sunday',
  holiday: 'a public holiday: no session',
  outside_session: 'outside the session',
  off_slot: 'not at the start of a bar',
  ohlc_inconsistent: 'high below or low above another price',
  duplicate: 'another row for the same bar or date; the later one counts',
};

export interface RejectExample {
  readonly line: number;
  readonly row: string;
}

export interface Rejection {
  readonly reason: RejectReason;
  readonly count: number;
  readonly meaning: string;
  /** The first three. */
  readonly examples: readonly RejectExample[];
}

/** What became of one file. `read` = `accepted` + the counts of `rejected`. */
export interface IngestReport {
  readonly file: string;
  readonly kind: 'bars' | 'macro';
  readonly read: number;
  readonly accepted: number;
  readonly rejected: readonly Rejection[];
  /** Columns of the file that nothing is known about. */
  readonly unknownColumns: readonly string[];
  /** Columns that are known and have no place in the store. */
  readonly unstoredColumns: readonly string[];
  /** First and last accepted: ISO time of bars, date of macro rows. */
  readonly from: string | null;
  readonly to: string | null;
  /** Share of accepted bars with open = high = low = close; null for macro. */
  readonly closeOnlyShare: number | null;
}

/** What the store did with the accepted rows. */
export interface StoredCounts {
  readonly inserted: number;
  readonly unchanged: number;
  readonly revised: number;
}

const EXAMPLES = 3;

/** Counts rejected rows by reason and keeps the first of each. */
export class Rejections {
  private readonly counts = new Map<RejectReason, { count: number; examples: RejectExample[] }>();

  /** `row` is called only for the rows that are kept as examples. */
  add(reason: RejectReason, line: number, row: () => string): void {
    let entry = this.counts.get(reason);
    if (!entry) this.counts.set(reason, (entry = { count: 0, examples: [] }));
    entry.count++;
    if (entry.examples.length < EXAMPLES) entry.examples.push({ line, row: row().slice(0, 200) });
  }

  count(reason: RejectReason): number {
    return this.counts.get(reason)?.count ?? 0;
  }

  list(): Rejection[] {
    return REJECT_REASONS.flatMap((reason) => {
      const entry = this.counts.get(reason);
      return entry ? [{ reason, count: entry.count, meaning: REASON_TEXT[reason], examples: entry.examples }] : [];
    });
  }
}
