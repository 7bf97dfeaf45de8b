import { Forest } from './forest.js';
import { ForestModel } from './forest-model.js';
import { arrayAt, countAt, isObject, objectAt, own, parseModel, stringAt, type JsonObject } from './json.js';
import { malformed, unsupported } from './model-error.js';
import type { LoadOptions, TreeModel } from './model.js';
import { XGBOOST, type Tree } from './tree.js';
import { CATEGORY_WORDS } from './xgboost-categories.js';
import { objectiveOf } from './xgboost-objective.js';
import { readTree } from './xgboost-tree.js';

const MAX_FEATURES = 1 << 16;
const MAX_CLASSES = 1024;
const MAX_TREES = 1 << 17;

/**
 * Loads an XGBoost model as `save_model` of versions 1.7 to 3.x writes it, JSON or UBJSON: boosters `gbtree` and `dart`. Predictions
 * equal the library's: the same leaf for every row, the same float32 sums.
 *
 * @throws ModelError MODEL_MALFORMED for a file that is cut off or contradicts itself, MODEL_UNSUPPORTED, naming it, for a booster,
 *   objective or kind of tree that is not evaluated here
 * @example
 * const model = loadXGBoost(await readFile('model.json'));
 * const [short, flat, long] = model.predict(Float64Array.of(0.1, NaN, 0.7));
 */
export function loadXGBoost(bytes: Uint8Array, options: LoadOptions = {}): TreeModel {
  const file = parseModel(bytes, 'the XGBoost model');
  if (!isObject(file)) throw malformed('the XGBoost model', 'is not an object');
  checkVersion(file);
  const learner = objectAt(file, 'learner', '$');
  const { model, weights } = boosterOf(learner);
  const objective = objectiveOf(stringAt(objectAt(learner, 'objective', 'learner'), 'name', 'learner.objective'));

  const param = objectAt(learner, 'learner_model_param', 'learner');
  const at = 'learner.learner_model_param';
  const featureCount = countAt(param, 'num_feature', at, MAX_FEATURES);
  if (featureCount === 0) throw malformed(`${at}.num_feature`, 'is 0');
  const outputs = outputsOf(param, at, objective.name);
  const read = readTrees(model, learner, outputs, featureCount, options.rounds ?? 'best');
  const base = baseScore(stringAt(param, 'base_score', at), outputs, `${at}.base_score`).map(objective.baseMargin);
  if (!base.every(Number.isFinite)) throw malformed(`${at}.base_score`, `has no margin under ${objective.name}`);
  if (weights) weigh(read.trees, weights, read.treesInFile);
  const facts = {
    features: names(learner, featureCount),
    featureCount,
    rounds: read.rounds,
    roundsInFile: read.roundsInFile,
    trees: read.trees.length,
  };
  return new ForestModel(facts, new Forest(read.trees, base, XGBOOST), objective);
}

/** The trees' part of the file, and the weight of each tree under dart. */
function boosterOf(learner: JsonObject): { model: JsonObject; weights: ArrayLike<unknown> | null } {
  const at = 'learner.gradient_booster';
  const booster = objectAt(learner, 'gradient_booster', 'learner');
  const name = stringAt(booster, 'name', at);
  if (name === 'gbtree') return { model: objectAt(booster, 'model', at), weights: null };
  if (name === 'dart')
    return {
      model: objectAt(objectAt(booster, 'gbtree', at), 'model', `${at}.gbtree`),
      weights: arrayAt(booster, 'weight_drop', at),
    };
  throw unsupported(`booster ${JSON.stringify(name.slice(0, 80))}`, "Train with booster='gbtree' or 'dart'.");
}

/** Classes, or targets when there are several of them, or one. */
function outputsOf(param: JsonObject, at: string, objective: string): number {
  const classes = countAt(param, 'num_class', at, MAX_CLASSES);
  const targets = countAt(param, 'num_target', at, MAX_CLASSES, 1);
  if (objective.startsWith('multi:')) {
    if (classes < 2) throw malformed(`${at}.num_class`, `is ${classes}, but ${objective} needs two or more`);
    if (targets > 1) throw unsupported('a classifier with several targets', 'Train one model per target.');
    return classes;
  }
  if (classes > 1) throw malformed(`${at}.num_class`, `is ${classes}, but ${objective} has no classes`);
  return Math.max(1, targets);
}

/** Dart adds weight × leaf, a float32 product, as XGBoost's prediction from a DMatrix does; its prediction in place rounds once more. */
function weigh(trees: readonly Tree[], weights: ArrayLike<unknown>, count: number): void {
  const at = 'learner.gradient_booster.weight_drop';
  if (weights.length !== count) throw malformed(at, `has ${weights.length} entries, the model ${count} trees`);
  trees.forEach((tree, i) => {
    const weight = weights[i];
    if (typeof weight !== 'number' || !Number.isFinite(weight))
      throw malformed(`${at}[${i}]`, 'is not a finite number');
    for (const node of tree.order)
      if (tree.left[node]! < 0) tree.value[node] = Math.fround(tree.value[node]! * Math.fround(weight));
  });
}

function checkVersion(file: JsonObject): void {
  const { 0: major, 1: minor } = arrayAt(file, 'version', '$');
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
  outputs: number,
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
  const perRound = Math.max(1, parallel) * outputs;
  if (count % perRound !== 0)
    throw malformed(
      `${at}.trees`,
      `${count} trees are no whole number of rounds of ${perRound} (${outputs} outputs × ${parallel})`,
    );
  const roundsInFile = count / perRound;
  const rounds = which === 'all' ? roundsInFile : Math.min(roundsInFile, bestRounds(learner, roundsInFile));

  const trees: Tree[] = [];
  const budget = { words: CATEGORY_WORDS };
  for (let i = 0; i < count; i++) {
    const entry = list[i];
    const path = `tree ${i}`;
    if (!isObject(entry)) throw malformed(path, 'is not an object');
    const output = info[i];
    if (typeof output !== 'number' || !Number.isInteger(output) || output < 0 || output >= outputs)
      throw malformed(`${at}.tree_info[${i}]`, `is not an output from 0 to ${outputs - 1}`);
    // every tree is checked, also those that are not used
    const tree = readTree(entry, path, output, featureCount, budget);
    if (i < rounds * perRound) trees.push(tree);
  }
  return { trees, treesInFile: count, rounds, roundsInFile };
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

/** `5E-1` until 3.0, `[4.9E-1]` or one number per output since. */
function baseScore(text: string, outputs: number, at: string): Float32Array {
  const parts = (/^\[(.*)\]$/s.exec(text)?.[1] ?? text).split(',', MAX_CLASSES + 1);
  const numbers = parts.map((part) => {
    if (!/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(part))
      throw malformed(at, `${JSON.stringify(text.slice(0, 60))} is no number`);
    return Math.fround(Number(part));
  });
  if (numbers.length !== 1 && numbers.length !== outputs)
    throw malformed(at, `has ${numbers.length} numbers, the model ${outputs} outputs`);
  if (!numbers.every(Number.isFinite)) throw malformed(at, 'is not finite');
  return Float32Array.from({ length: outputs }, (_, k) => numbers[numbers.length === 1 ? 0 : k]!);
}

function names(learner: JsonObject, featureCount: number): readonly string[] | null {
  if (own(learner, 'feature_names') === undefined) return null;
  const list = Array.from(arrayAt(learner, 'feature_names', 'learner'));
  if (list.length === 0) return null;
  if (list.length !== featureCount || !list.every((name) => typeof name === 'string'))
    throw malformed('learner.feature_names', `is not a list of ${featureCount} names`);
  if (new Set(list).size !== list.length) throw malformed('learner.feature_names', 'holds a name twice');
  return Object.freeze(list as string[]);
}
