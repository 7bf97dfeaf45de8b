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

  predictBatch(rows: Float64Array, nRows: number, out = new Float64Array(nRows * this.outputs)): Float64Array {
    if (rows.length !== nRows * this.featureCount)
      throw wrongLength(`${nRows} rows`, rows.length, nRows * this.featureCount);
    if (out.length < nRows * this.outputs) throw wrongLength('out', out.length, nRows * this.outputs);
    this.#forest.sumRows(rows, nRows, this.featureCount, this.#sums, (row) =>
      this.#objective.transform(this.#sums, this.rawOutputs, out, row * this.outputs),
    );
    return out;
  }

  #predict(rows: Float64Array, from: number, out: Float64Array, at: number): void {
    this.#forest.sum(rows, from, this.#sums, 0);
    this.#objective.transform(this.#sums, this.rawOutputs, out, at);
  }
}

function wrongLength(what: string, length: number, wanted: number): ModelError {
  return new ModelError(
    'MODEL_FEATURE_MISMATCH',
    `${what}: ${length} numbers where ${wanted} are wanted`,
    'Give the features that the model was trained on, in its order.',
  );
}
