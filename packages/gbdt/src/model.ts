/** A loaded tree model: immutable, synchronous, without allocation per row when `out` is given. */
export interface TreeModel {
  /** Feature names in the order of a row; null when the file holds none. */
  readonly features: readonly string[] | null;
  /** Length of a row. */
  readonly featureCount: number;
  /** Numbers that `predict` gives per row; for a classifier of probabilities the number of classes, 1 for two classes. */
  readonly outputs: number;
  /** Numbers that `predictRaw` gives per row. It differs from `outputs` only where a prediction is the number of a class. */
  readonly rawOutputs: number;
  /** The trainer's name of the objective, e.g. `multi:softprob`; of an ONNX file operator and transform. */
  readonly objective: string;
  /** Boosting rounds that are used, and how many the file holds; trees in an ONNX file, which knows no rounds. */
  readonly rounds: number;
  readonly roundsInFile: number;
  /** Trees that are used. */
  readonly trees: number;
  /**
   * The trainer's prediction for one row, e.g. class probabilities. NaN is a missing value.
   * @throws ModelError MODEL_FEATURE_MISMATCH when the row or `out` has the wrong length
   */
  predict(row: Float64Array, out?: Float64Array): Float64Array;
  /** The sums of the trees before the objective's transform: `output_margin` in XGBoost, `raw_score` in LightGBM. */
  predictRaw(row: Float64Array, out?: Float64Array): Float64Array;
  /**
   * `predict` over rows that lie one after another; the result likewise, `outputs` numbers a row. Without `nRows` there are as many as
   * the length says.
   * @throws ModelError MODEL_FEATURE_MISMATCH when the length is not that of `nRows` rows, or of any whole number
   */
  predictBatch(rows: Float64Array, nRows?: number, out?: Float64Array): Float64Array;
}

export interface LoadOptions {
  /** `best` (default): the rounds up to the best iteration when the file states one. `all`: every round. */
  readonly rounds?: 'best' | 'all';
}
