import { malformed, unsupported } from '../model-error.js';
import { attribute, nameOf, numbers, wholes, type OnnxGraphNode } from './graph.js';
import { Mode, weightsOf, type NodeTable } from './table.js';

const MAX_OUTPUTS = 1024;
const MAX_FEATURE = 1 << 16;

/** Reads the attributes of TreeEnsembleClassifier and TreeEnsembleRegressor, ai.onnx.ml 1 to 3. */
export function readEnsemble3(node: OnnxGraphNode): NodeTable {
  const name = nameOf(node);
  const classifier = node.op === 'TreeEnsembleClassifier';
  const outputs = classifier ? classesOf(node) : (attribute(node, 'n_targets', 'int') ?? 1);
  if (!(outputs >= 1 && outputs <= MAX_OUTPUTS)) throw malformed(name, `${outputs} outputs are out of bounds`);
  const modes = attribute(node, 'nodes_modes', 'strings') ?? [];
  const count = modes.length;
  if (count === 0) throw malformed(name, 'it has no node');
  const trees = wholes(node, 'nodes_treeids', count);
  const ids = wholes(node, 'nodes_nodeids', count);
  const features = wholes(node, 'nodes_featureids', count);
  const yesIds = wholes(node, 'nodes_truenodeids', count);
  const noIds = wholes(node, 'nodes_falsenodeids', count);
  const value = Float64Array.from(numbers(node, 'nodes_values'));
  if (value.length !== count) throw malformed(name, `nodes_values has ${value.length} entries where ${count} belong`);
  const tracks = attribute(node, 'nodes_missing_value_tracks_true', 'ints') ?? [];
  if (tracks.length !== 0 && tracks.length !== count)
    throw malformed(name, `nodes_missing_value_tracks_true has ${tracks.length} entries where ${count} belong`);

  const placeOf = new Map<number, Map<number, number>>();
  const roots: number[] = [];
  for (let i = 0; i < count; i++) {
    let tree = placeOf.get(trees[i]!);
    if (!tree) {
      placeOf.set(trees[i]!, (tree = new Map()));
      roots.push(i);
    } else if (trees[i] !== trees[i - 1]) throw malformed(name, `the nodes of tree ${trees[i]} do not stand together`);
    if (tree.has(ids[i]!)) throw malformed(name, `tree ${trees[i]} has node ${ids[i]} twice`);
    tree.set(ids[i]!, i);
  }
  const mode = new Uint8Array(count);
  const feature = new Int32Array(count);
  const yes = new Int32Array(count).fill(-1);
  const no = new Int32Array(count).fill(-1);
  const track = Uint8Array.from({ length: count }, (_, i) => (tracks[i] ? 1 : 0));
  for (let i = 0; i < count; i++) {
    mode[i] = modeOf(modes[i]!, name);
    if (mode[i] === Mode.LEAF) continue;
    const f = features[i]!;
    if (!(Number.isInteger(f) && f >= 0 && f < MAX_FEATURE)) throw malformed(name, `feature ${f} is out of bounds`);
    feature[i] = f;
    yes[i] = childOf(yesIds[i]!, i);
    no[i] = childOf(noIds[i]!, i);
  }
  function childOf(id: number, of: number): number {
    const child = placeOf.get(trees[of]!)!.get(id);
    if (child === undefined) throw malformed(name, `tree ${trees[of]} has no node ${id}, the child of ${ids[of]}`);
    return child;
  }

  const prefix = classifier ? 'class' : 'target';
  const weights = numbers(node, `${prefix}_weights`);
  const weightTrees = wholes(node, `${prefix}_treeids`, weights.length);
  const weightNodes = wholes(node, `${prefix}_nodeids`, weights.length);
  const targets = wholes(node, `${prefix}_ids`, weights.length);
  const leaves = Int32Array.from({ length: weights.length }, (_, i) => {
    const leaf = placeOf.get(weightTrees[i]!)?.get(weightNodes[i]!);
    if (leaf === undefined || mode[leaf] !== Mode.LEAF)
      throw malformed(
        name,
        `weight ${i} belongs to node ${weightNodes[i]} of tree ${weightTrees[i]}, which is no leaf`,
      );
    return leaf;
  });
  return {
    name,
    roots,
    mode,
    feature,
    value,
    yes,
    no,
    track,
    members: new Map(),
    ...weightsOf(name, count, leaves, targets, weights, outputs),
    outputs,
  };
}

function classesOf(node: OnnxGraphNode): number {
  const classes =
    attribute(node, 'classlabels_strings', 'strings')?.length || attribute(node, 'classlabels_int64s', 'ints')?.length;
  if (!classes || classes < 2) throw malformed(nameOf(node), 'it has fewer than two classes');
  return classes;
}

const MODES: Readonly<Record<string, number>> = {
  BRANCH_LEQ: Mode.LEQ,
  BRANCH_LT: Mode.LT,
  BRANCH_GTE: Mode.GTE,
  BRANCH_GT: Mode.GT,
  BRANCH_EQ: Mode.EQ,
  BRANCH_NEQ: Mode.NEQ,
  LEAF: Mode.LEAF,
};

function modeOf(text: string, name: string): number {
  if (Object.hasOwn(MODES, text)) return MODES[text]!;
  throw unsupported(
    `${name}: mode ${JSON.stringify(text.slice(0, 40))}`,
    `Use one of ${Object.keys(MODES).join(', ')}.`,
  );
}
