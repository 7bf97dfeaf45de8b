/** A loaded tree model: immutable, synchronous, without allocation per row when `out` is given. */
export interface TreeModel {
  /** Feature names in the order of a row; null when the file holds none. */
  readonly features: readonly string[] | null;
  /** Length of a row. */
  readonly featureCount: number;
  /** Numbers that `predict` and `predictRaw` give per row; for a classifier the number of classes. */
  readonly outputs: number;
  /** The trainer's name of the objective, e.g. `multi:softprob`. */
  readonly objective: string;
  /** Boosting rounds that are used, and how many the file holds. */
  readonly rounds: number;
  readonly roundsInFile: number;
  /** Trees that are used. */
  readonly trees: number;
  /**
   * The trainer's prediction for one row: for `multi:softprob` the class probabilities. NaN is a missing value.
   * @throws ModelError MODEL_FEATURE_MISMATCH when the row or `out` has the wrong length
   */
  predict(row: Float64Array, out?: Float64Array): Float64Array;
  /** The margins before the objective's transform. */
  predictRaw(row: Float64Array, out?: Float64Array): Float64Array;
  /** `predict` over `nRows` rows that lie one after another; the result likewise, `outputs` numbers a row. */
  predictBatch(rows: Float64Array, nRows: number, out?: Float64Array): Float64Array;
}
