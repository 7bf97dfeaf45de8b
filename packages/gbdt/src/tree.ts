/** What a split does with a value that is missing, and what it holds to be missing. */
export const Missing = {
  /** NaN goes right, or left. */
  RIGHT: 0,
  LEFT: 1,
  /** NaN is read as 0. */
  AS_ZERO: 2,
  /** NaN and values that are zero to the trainer go right, or left. */
  ZERO_RIGHT: 3,
  ZERO_LEFT: 4,
} as const;

/** A split on membership: categories as bits, 32 a word. A member goes to `inside`, any other number to the other side. */
export interface CategorySet {
  readonly bits: Int32Array;
  readonly inside: 'left' | 'right';
  /** In place of bits: the members are exactly these numbers, and nothing is truncated. */
  readonly values?: ReadonlySet<number>;
}

/** One validated tree in the trainer's own numbering; node 0 is the root. */
export interface Tree {
  /** The output that the tree adds to. */
  readonly output: number;
  /** Children; −1 at a leaf. */
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly feature: Int32Array;
  /** Threshold of a numeric split, or the value of a leaf. */
  readonly value: Float32Array | Float64Array;
  /** A {@link Missing} per split. */
  readonly missing: Uint8Array;
  /** Sets of categorical splits by node; null when all splits are numeric. */
  readonly categories: ReadonlyMap<number, CategorySet> | null;
  /** The nodes that the root reaches, parents before children. */
  readonly order: Int32Array;
  readonly depth: number;
}

/** How a library compares and adds. */
export interface Arithmetic {
  /** Values, thresholds and sums are float32; else float64. */
  readonly single: boolean;
  /** A value equal to the threshold goes left. */
  readonly closed: boolean;
  /** Numbers of at most this size are zero. */
  readonly zero: number;
  /** The least value, not included, and the bound that a category stays below. */
  readonly categoryAbove: number;
  readonly categoryBelow: number;
}

export const XGBOOST: Arithmetic = {
  single: true,
  closed: false,
  zero: 0,
  // below 0 nothing is a category; −0 is 0
  categoryAbove: -Number.MIN_VALUE,
  categoryBelow: 2 ** 24,
};

export const LIGHTGBM: Arithmetic = {
  single: false,
  closed: true,
  zero: Math.fround(1e-35),
  // truncated towards 0, as its conversion to an integer does
  categoryAbove: -1,
  categoryBelow: 2 ** 31,
};
