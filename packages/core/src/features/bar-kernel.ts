import type { BarBlock } from './bar-block.js';

export const BAR_FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type BarField = (typeof BAR_FIELDS)[number];

/**
 * Numbers at every stored bar, in order. Takes the block's bars, as one or as many as there are, and writes a number for
 * each to the column that it was created with: a loop of its own keeps the state in registers, and no number is boxed on
 * its way. NaN where undefined.
 */
export interface BarKernel {
  push(bars: BarBlock): void;
}
