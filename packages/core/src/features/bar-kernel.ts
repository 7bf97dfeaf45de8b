export const BAR_FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type BarField = (typeof BAR_FIELDS)[number];

/**
 * Numbers at every stored bar, in order: takes bars `from` to before `to` of the tape that it was created on, one when
 * streaming, many in a batch, and writes a number for each to its column, at the bar's own place. A loop of its own keeps the
 * state in registers, and no number is boxed on its way. NaN where undefined.
 */
export interface BarKernel {
  /** All that it remembers beside the tape: what a snapshot keeps. */
  readonly state: Float64Array;
  run(from: number, to: number): void;
}
