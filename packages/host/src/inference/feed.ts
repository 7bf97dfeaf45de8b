import type { SourcedBar } from '../stores/postgres/bars.js';

/**
 * Where a live run asks for bars: a vendor's client, or anything that can name the bars of a symbol. What it answers is
 * stored; the run decides on what is stored, whoever stored it.
 */
export interface Feed {
  /** For people and messages. */
  readonly name: string;
  /**
   * The bars that opened at `from` (epoch milliseconds) or later, in any order. One that is still being built may be among
   * them: it is stored, and decided upon only when it was asked for again after its completion. Rejects when the feed cannot
   * answer now; it is asked again until the bar's deadline.
   */
  poll(symbol: string, from: number, signal: AbortSignal): Promise<readonly SourcedBar[]>;
}
