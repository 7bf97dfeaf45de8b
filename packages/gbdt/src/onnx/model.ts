import type { Forest } from '../forest.js';
import { rowsIn, wrongLength, type Facts } from '../forest-model.js';
import type { TreeModel } from '../model.js';
import type { Register } from './operators.js';
import type { Scores } from './scores.js';

/** One operator of trees: its sums go to `sums`, its scores to `register`. */
export interface Ensemble {
  readonly forest: Forest;
  readonly scores: Scores;
  readonly register: Register;
  readonly sums: Float64Array;
  readonly trees: number;
}

/** Ensembles and the operators behind them; all buffers belong to the model, so that a row allocates nothing. */
export class OnnxTreeModel implements TreeModel {
  readonly features: readonly string[] | null;
  readonly featureCount: number;
  readonly outputs: number;
  readonly rawOutputs: number;
  readonly objective: string;
  readonly rounds: number;
  readonly roundsInFile: number;
  readonly trees: number;
  readonly #ensembles: readonly Ensemble[];
  readonly #steps: readonly (() => void)[];
  readonly #result: Float64Array;

  constructor(facts: Facts, ensembles: readonly Ensemble[], steps: readonly (() => void)[], result: Float64Array) {
    this.features = facts.features;
    this.featureCount = facts.featureCount;
    this.rounds = facts.rounds;
    this.roundsInFile = facts.roundsInFile;
    this.trees = facts.trees;
    this.outputs = result.length;
    this.rawOutputs = ensembles.reduce((sum, { sums }) => sum + sums.length, 0);
    this.objective = [...new Set(ensembles.map(({ scores }) => scores.name))].join(', ');
    this.#ensembles = ensembles;
    this.#steps = steps;
    this.#result = result;
  }

  predict(row: Float64Array, out = new Float64Array(this.outputs)): Float64Array {
    if (row.length !== this.featureCount) throw wrongLength('the row', row.length, this.featureCount);
    if (out.length < this.outputs) throw wrongLength('out', out.length, this.outputs);
    for (const { forest, sums } of this.#ensembles) forest.sum(row, 0, sums, 0);
    this.#finish(out, 0);
    return out;
  }

  /** Sums with their base values, of one operator after another. */
  predictRaw(row: Float64Array, out = new Float64Array(this.rawOutputs)): Float64Array {
    if (row.length !== this.featureCount) throw wrongLength('the row', row.length, this.featureCount);
    if (out.length < this.rawOutputs) throw wrongLength('out', out.length, this.rawOutputs);
    let at = 0;
    for (const { forest, scores, sums } of this.#ensembles) {
      forest.sum(row, 0, sums, 0);
      scores.settle(sums);
      out.set(sums, at);
      at += sums.length;
    }
    return out;
  }

  predictBatch(rows: Float64Array, nRows?: number, out?: Float64Array): Float64Array {
    const count = rowsIn(rows, nRows, this.featureCount);
    const given = out ?? new Float64Array(count * this.outputs);
    if (given.length < count * this.outputs) throw wrongLength('out', given.length, count * this.outputs);
    const [only, ...others] = this.#ensembles;
    if (only && others.length === 0)
      only.forest.sumRows(rows, count, this.featureCount, only.sums, (row) => this.#finish(given, row * this.outputs));
    else
      for (let row = 0; row < count; row++) {
        for (const { forest, sums } of this.#ensembles) forest.sum(rows, row * this.featureCount, sums, 0);
        this.#finish(given, row * this.outputs);
      }
    return given;
  }

  #finish(out: Float64Array, at: number): void {
    for (const { scores, sums, register } of this.#ensembles) {
      scores.settle(sums);
      scores.transform(sums, register.data);
      if (register.single)
        for (let k = 0; k < register.data.length; k++) register.data[k] = Math.fround(register.data[k]!);
    }
    for (const step of this.#steps) step();
    out.set(this.#result, at);
  }
}
