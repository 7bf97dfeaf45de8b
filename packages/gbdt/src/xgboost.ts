import { Forest, type Tree } from './forest.js';
import { arrayAt, countAt, objectAt, own, parseModelJson, stringAt, type JsonObject } from './json.js';
import { malformed, ModelError, unsupported } from './model-error.js';
import type { TreeModel } from './model.js';
import { objectiveOf } from './objective.js';
import { readTree } from './xgboost-tree.js';

const MAX_FEATURES = 1 << 16;
const MAX_CLASSES = 1024;
const MAX_TREES = 1 << 17;

export interface XGBoostOptions {
  /** `best` (default): the rounds up to `best_iteration` when the file states one. `all`: every round. */
  readonly rounds?: 'best' | 'all';
}

/**
 * Loads an XGBoost model as `save_model('model.json')` of versions 1.7 to 3.x writes it: booster `gbtree`, objective
 * `multi:softprob`. Predictions equal the library's: the same leaf for every row, the same float32 sums.
 *
 * @throws ModelError MODEL_MALFORMED for a file that is cut off or contradicts itself, MODEL_UNSUPPORTED, naming it, for a booster,
 *   objective or kind of split that is not evaluated here
 * @example
 * const model = loadXGBoost(await readFile('model.json'));
 * const [short, flat, long] = model.predict(Float64Array.of(0.1, NaN, 0.7));
 */
export function loadXGBoost(bytes: Uint8Array, options: XGBoostOptions = {}): TreeModel {
  const root = parseModelJson(bytes, 'the XGBoost model');
  if (typeof root !== 'object' || root === null || Array.isArray(root))
    throw malformed('the XGBoost model', 'is not an object');
  const file = root as JsonObject;
  checkVersion(file);
  const learner = objectAt(file, 'learner', '$');
  const booster = objectAt(learner, 'gradient_booster', 'learner');
  const boosterName = stringAt(booster, 'name', 'learner.gradient_booster');
  if (boosterName !== 'gbtree')
    throw unsupported(`booster ${JSON.stringify(boosterName.slice(0, 80))}`, "Train with booster='gbtree'.");
  const objective = objectiveOf(stringAt(objectAt(learner, 'objective', 'learner'), 'name', 'learner.objective'));

  const param = objectAt(learner, 'learner_model_param', 'learner');
  const at = 'learner.learner_model_param';
  const featureCount = countAt(param, 'num_feature', at, MAX_FEATURES);
  const classes = countAt(param, 'num_class', at, MAX_CLASSES);
  if (featureCount === 0) throw malformed(`${at}.num_feature`, 'is 0');
  if (classes < 2) throw malformed(`${at}.num_class`, `is ${classes}, but ${objective.name} needs two or more`);
  if (countAt(param, 'num_target', at, MAX_CLASSES, 1) > 1)
    throw unsupported('a model with several targets', 'Train one model per target.');

  const model = objectAt(booster, 'model', 'learner.gradient_booster');
  const { trees, rounds, roundsInFile } = readTrees(model, learner, classes, featureCount, options.rounds ?? 'best');
  const base = baseScore(stringAt(param, 'base_score', at), classes, `${at}.base_score`);
  return new XGBoostModel(
    names(learner, featureCount),
    featureCount,
    objective,
    new Forest(trees, featureCount, base),
    {
      rounds,
      roundsInFile,
      trees: trees.length,
    },
  );
}

function checkVersion(file: JsonObject): void {
  const version = arrayAt(file, 'version', '$');
  const [major, minor] = version;
  if (typeof major !== 'number' || typeof minor !== 'number') throw malformed('$.version', 'is not a list of numbers');
  if (major < 1 || (major === 1 && minor < 7) || major > 3)
    throw unsupported(
      `a model of XGBoost ${major}.${minor}`,
      'Load it with XGBoost 1.7 to 3.x and save it again as JSON.',
    );
}

function readTrees(
  model: JsonObject,
  learner: JsonObject,
  classes: number,
  featureCount: number,
  which: 'best' | 'all',
) {
  const at = 'learner.gradient_booster.model';
  const param = objectAt(model, 'gbtree_model_param', at);
  const list = arrayAt(model, 'trees', at);
  const info = arrayAt(model, 'tree_info', at);
  const count = countAt(param, 'num_trees', `${at}.gbtree_model_param`, MAX_TREES);
  if (list.length !== count) throw malformed(`${at}.trees`, `has ${list.length} entries, num_trees says ${count}`);
  if (info.length !== count) throw malformed(`${at}.tree_info`, `has ${info.length} entries, num_trees says ${count}`);
  const parallel = countAt(param, 'num_parallel_tree', `${at}.gbtree_model_param`, MAX_TREES, 1);
  const perRound = Math.max(1, parallel) * classes;
  if (count % perRound !== 0)
    throw malformed(
      `${at}.trees`,
      `${count} trees are no whole number of rounds of ${perRound} (${classes} classes × ${parallel})`,
    );
  const roundsInFile = count / perRound;
  const rounds = which === 'all' ? roundsInFile : Math.min(roundsInFile, bestRounds(learner, roundsInFile));

  const trees: Tree[] = [];
  list.forEach((entry, i) => {
    const path = `tree ${i}`;
    if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) throw malformed(path, 'is not an object');
    const output = info[i];
    if (typeof output !== 'number' || !Number.isInteger(output) || output < 0 || output >= classes)
      throw malformed(`${at}.tree_info[${i}]`, `is not a class from 0 to ${classes - 1}`);
    // every tree is checked, also those that are not used
    const tree = readTree(entry as JsonObject, path, output, featureCount);
    if (i < rounds * perRound) trees.push(tree);
  });
  return { trees, rounds, roundsInFile };
}

/** Rounds up to the best one, when early stopping has left its mark in the file. */
function bestRounds(learner: JsonObject, roundsInFile: number): number {
  if (own(learner, 'attributes') === undefined) return roundsInFile;
  const attributes = objectAt(learner, 'attributes', 'learner');
  if (own(attributes, 'best_iteration') === undefined) return roundsInFile;
  const best = countAt(attributes, 'best_iteration', 'learner.attributes', MAX_TREES);
  if (best >= roundsInFile)
    throw malformed('learner.attributes.best_iteration', `is ${best}, but the file holds ${roundsInFile} rounds`);
  return best + 1;
}

/** `5E-1` until 3.0, `[4.9E-1]` or one number per class since. */
function baseScore(text: string, classes: number, at: string): Float32Array {
  const parts = (/^\[(.*)\]$/s.exec(text)?.[1] ?? text).split(',', MAX_CLASSES + 1);
  const numbers = parts.map((part) => {
    if (!/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(part))
      throw malformed(at, `${JSON.stringify(text.slice(0, 60))} is no number`);
    return Math.fround(Number(part));
  });
  if (numbers.length !== 1 && numbers.length !== classes)
    throw malformed(at, `has ${numbers.length} numbers, the model ${classes} classes`);
  if (!numbers.every(Number.isFinite)) throw malformed(at, 'is not finite');
  return Float32Array.from({ length: classes }, (_, k) => numbers[numbers.length === 1 ? 0 : k]!);
}

function names(learner: JsonObject, featureCount: number): readonly string[] | null {
  if (own(learner, 'feature_names') === undefined) return null;
  const list = arrayAt(learner, 'feature_names', 'learner');
  if (list.length === 0) return null;
  if (list.length !== featureCount || !list.every((name) => typeof name === 'string'))
    throw malformed('learner.feature_names', `is not a list of ${featureCount} names`);
  if (new Set(list).size !== list.length) throw malformed('learner.feature_names', 'holds a name twice');
  return Object.freeze([...(list as string[])]);
}

class XGBoostModel implements TreeModel {
  readonly outputs: number;
  readonly objective: string;
  readonly rounds: number;
  readonly roundsInFile: number;
  readonly trees: number;
  readonly #forest: Forest;
  readonly #transform: (values: Float64Array, from: number, count: number) => void;

  constructor(
    readonly features: readonly string[] | null,
    readonly featureCount: number,
    objective: { name: string; transform(values: Float64Array, from: number, count: number): void },
    forest: Forest,
    counts: { rounds: number; roundsInFile: number; trees: number },
  ) {
    this.outputs = forest.outputs;
    this.objective = objective.name;
    this.rounds = counts.rounds;
    this.roundsInFile = counts.roundsInFile;
    this.trees = counts.trees;
    this.#forest = forest;
    this.#transform = objective.transform;
  }

  predict(row: Float64Array, out = new Float64Array(this.outputs)): Float64Array {
    this.predictRaw(row, out);
    this.#transform(out, 0, this.outputs);
    return out;
  }

  predictRaw(row: Float64Array, out = new Float64Array(this.outputs)): Float64Array {
    if (row.length !== this.featureCount) throw wrongLength('the row', row.length, this.featureCount);
    if (out.length < this.outputs) throw wrongLength('out', out.length, this.outputs);
    this.#forest.sum(row, 0, out, 0);
    return out;
  }

  predictBatch(rows: Float64Array, nRows: number, out = new Float64Array(nRows * this.outputs)): Float64Array {
    if (rows.length !== nRows * this.featureCount)
      throw wrongLength(`${nRows} rows`, rows.length, nRows * this.featureCount);
    if (out.length < nRows * this.outputs) throw wrongLength('out', out.length, nRows * this.outputs);
    for (let i = 0; i < nRows; i++) {
      this.#forest.sum(rows, i * this.featureCount, out, i * this.outputs);
      this.#transform(out, i * this.outputs, this.outputs);
    }
    return out;
  }
}

function wrongLength(what: string, length: number, wanted: number): ModelError {
  return new ModelError(
    'MODEL_FEATURE_MISMATCH',
    `${what}: ${length} numbers where ${wanted} are wanted`,
    'Give the features that the model was trained on, in its order.',
  );
}
