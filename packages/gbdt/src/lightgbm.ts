import { Forest } from './forest.js';
import { ForestModel } from './forest-model.js';
import { decodeText } from './json.js';
import { lightgbmObjective } from './lightgbm-objective.js';
import { sectionsOf, type Section } from './lightgbm-text.js';
import { readLightgbmTree } from './lightgbm-tree.js';
import { malformed, unsupported } from './model-error.js';
import type { TreeModel } from './model.js';
import { LIGHTGBM } from './tree.js';

const MAX_FEATURES = 1 << 16;
const MAX_OUTPUTS = 1024;
const MAX_TREES = 1 << 17;
const WHAT = 'the LightGBM model';

/**
 * Loads a LightGBM model as `save_model('model.txt')` of versions 3.3 and 4.x writes it (format v3 and v4): gbdt, dart and random
 * forests. Predictions equal the library's: the same leaf for every row, the same float64 sums. A file holds the rounds that were saved
 * with it, by default those up to the best iteration: all of them are used.
 *
 * @throws ModelError MODEL_MALFORMED for a file that is cut off or contradicts itself, MODEL_UNSUPPORTED, naming it, for an objective
 *   or kind of tree that is not evaluated here
 * @example
 * const model = loadLightGBM(await readFile('model.txt'));
 * const [short, flat, long] = model.predict(Float64Array.of(0.1, NaN, 0.7));
 */
export function loadLightGBM(bytes: Uint8Array): TreeModel {
  const text = decodeText(bytes, WHAT);
  if (!/^tree\r?\n/.test(text)) throw malformed(WHAT, 'does not start with the line "tree"');
  const { header, trees: sections } = sectionsOf(text, MAX_TREES);
  const version = header.text('version');
  if (version !== 'v3' && version !== 'v4')
    throw unsupported(
      `LightGBM format ${JSON.stringify(version.slice(0, 20))}`,
      'Load it with LightGBM 3.3 or newer and save it again.',
    );
  const outputs = header.whole('num_tree_per_iteration', 1, MAX_OUTPUTS);
  const featureCount = header.whole('max_feature_idx', 0, MAX_FEATURES - 1) + 1;
  if (sections.length % outputs !== 0)
    throw malformed(WHAT, `${sections.length} trees are no whole number of rounds of ${outputs}`);
  const stated = header
    .text('tree_sizes')
    .split(' ', MAX_TREES + 1)
    .filter((size) => size !== '').length;
  if (stated !== sections.length) throw malformed(WHAT, `has ${sections.length} trees, tree_sizes says ${stated}`);
  const rounds = sections.length / outputs;
  const trees = sections.map((section, i) => readLightgbmTree(section, i % outputs, featureCount));
  const objective = lightgbmObjective(
    header.entries.get('objective'),
    outputs,
    header.has('average_output') ? Math.max(1, rounds) : 1,
  );
  const facts = {
    features: names(header, featureCount),
    featureCount,
    rounds,
    roundsInFile: rounds,
    trees: trees.length,
  };
  return new ForestModel(facts, new Forest(trees, new Float64Array(outputs), LIGHTGBM), objective);
}

/** Null when they are those that LightGBM makes up. */
function names(header: Section, featureCount: number): readonly string[] | null {
  const list = header.text('feature_names').split(' ', featureCount + 1);
  if (list.length !== featureCount || list.some((name) => name === ''))
    throw malformed('the header', `feature_names is not a list of ${featureCount} names`);
  if (new Set(list).size !== list.length) throw malformed('the header', 'feature_names holds a name twice');
  return list.every((name, i) => name === `Column_${i}`) ? null : Object.freeze(list);
}
