import type { Forest } from './forest.js';
import { ModelError } from './model-error.js';
import type { TreeModel } from './model.js';

/** What an objective does with the sums of one row. */
export interface Objective {
  readonly name: string;
  /** Predictions of a row with `raw` sums; the same number by default. */
  outputs?(raw: number): number;
  /** Sums to predictions: `count` numbers of `sums`, from 0, become `outputs` numbers of `out` from `at`. */
  transform(sums: Float64Array, count: number, out: Float64Array, at: number): void;
}

export interface Facts {
  readonly features: readonly string[] | null;
  readonly featureCount: number;
  readonly rounds: number;
  readonly roundsInFile: number;
  readonly trees: number;
}

/** A forest and what the trainer's library makes of its sums. */
export class ForestModel implements TreeModel {
  readonly features: readonly string[] | null;
  readonly featureCount: number;
  readonly outputs: number;
  readonly rawOutputs: number;
  readonly objective: string;
  readonly rounds: number;
  readonly roundsInFile: number;
  readonly trees: number;
  readonly #forest: Forest;
  readonly #objective: Objective;
  readonly #sums: Float64Array;

  constructor(facts: Facts, forest: Forest, objective: Objective) {
    this.features = facts.features;
    this.featureCount = facts.featureCount;
    this.rounds = facts.rounds;
    this.roundsInFile = facts.roundsInFile;
    this.trees = facts.trees;
    this.rawOutputs = forest.outputs;
    this.outputs = objective.outputs?.(forest.outputs) ?? forest.outputs;
    this.objective = objective.name;
    this.#forest = forest;
    this.#objective = objective;
    this.#sums = new Float64Array(forest.outputs);
  }

  predict(row: Float64Array, out = new Float64Array(this.outputs)): Float64Array {
    if (row.length !== this.featureCount) throw wrongLength('the row', row.length, this.featureCount);
    if (out.length < this.outputs) throw wrongLength('out', out.length, this.outputs);
    this.#predict(row, 0, out, 0);
    return out;
  }

  predictRaw(row: Float64Array, out = new Float64Array(this.rawOutputs)): Float64Array {
    if (row.length !== this.featureCount) throw wrongLength('the row', row.length, this.featureCount);
    if (out.length < this.rawOutputs) throw wrongLength('out', out.length, this.rawOutputs);
    this.#forest.sum(row, 0, out, 0);
    return out;
  }

  predictBatch(rows: Float64Array, nRows?: number, out?: Float64Array): Float64Array {
    const count = rowsIn(rows, nRows, this.featureCount);
    const given = out ?? new Float64Array(count * this.outputs);
    if (given.length < count * this.outputs) throw wrongLength('out', given.length, count * this.outputs);
    this.#forest.sumRows(rows, count, this.featureCount, this.#sums, (row) =>
      this.#objective.transform(this.#sums, this.rawOutputs, given, row * this.outputs),
    );
    return given;
  }

  #predict(rows: Float64Array, from: number, out: Float64Array, at: number): void {
    this.#forest.sum(rows, from, this.#sums, 0);
    this.#objective.transform(this.#sums, this.rawOutputs, out, at);
  }
}

/** How many rows there are: as many as are stated, or as many as fit without a rest. */
export function rowsIn(rows: Float64Array, stated: number | undefined, featureCount: number): number {
  const count = stated ?? Math.floor(rows.length / featureCount);
  if (!Number.isInteger(count) || count < 0 || rows.length !== count * featureCount)
    throw wrongLength(
      stated === undefined ? 'the rows' : `${stated} rows`,
      rows.length,
      Math.max(1, count) * featureCount,
    );
  return count;
}

export function wrongLength(what: string, length: number, wanted: number): ModelError {
  return new ModelError(
    'MODEL_FEATURE_MISMATCH',
    `${what}: ${length} numbers where ${wanted} are wanted`,
    'Give the features that the model was trained on, in its order.',
  );
}
