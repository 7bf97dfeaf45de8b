// Interface agreed with pipeline.ts; the implementation follows.
export interface FeatureRow {
  readonly names: readonly string[];
  /** Normalised values, NaN where missing. Reused for every bar. */
  readonly values: Float64Array;
  /** 0 present, 1 warming up, 2 missing. Reused for every bar. */
  readonly status: Uint8Array;
}
