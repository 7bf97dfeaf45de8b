import type { Bar } from '../market/bar.js';

export const BAR_FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const;
export type BarField = (typeof BAR_FIELDS)[number];

/** Numbers at every stored bar, in order: written to their columns, because a returned one would be allocated. NaN where undefined. */
export interface BarKernel {
  push(bar: Bar, ordinal: number): void;
}

const READERS: Readonly<Record<BarField, (bar: Bar) => number>> = {
  open: (bar) => bar.open,
  high: (bar) => bar.high,
  low: (bar) => bar.low,
  close: (bar) => bar.close,
  volume: (bar) => bar.volume,
};

/** One function per field, shared by all kernels, so that a call in a hot loop sees few targets. */
export function readBar(field: BarField): (bar: Bar) => number {
  return READERS[field];
}
