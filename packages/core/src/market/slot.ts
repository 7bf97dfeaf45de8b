/** The place in the calendar where a bar lies. */
export interface Slot {
  /** The session's date in the calendar's zone, `YYYY-MM-DD`. */
  readonly session: string;
  /** 0 … slotsPerSession − 1. */
  readonly index: number;
  /** Counts slots across sessions: nights and closed days hold none. Differences are distances in slots. */
  readonly ordinal: number;
  /** The session's last slot: the default exit, and no entry. */
  readonly last: boolean;
}
