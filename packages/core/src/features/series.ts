/** One stored, non-empty value of a macro series. */
export interface SeriesObservation {
  readonly series: string;
  /** Date of the value, `YYYY-MM-DD`. */
  readonly date: string;
  readonly value: number;
  /** The instant from which a bar may see it, epoch milliseconds. */
  readonly availableAt: number;
}

/** Macro observations by series, in order of availability. Streams read it while a host adds to it. */
export interface SeriesTable {
  /** Stores a value under the rule of its series; `firstSeen` (market time) makes it available later than the rule says. */
  add(series: string, date: string, value: number, firstSeen?: number): SeriesObservation;
}
