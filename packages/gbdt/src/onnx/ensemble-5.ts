import { malformed, unsupported } from '../model-error.js';
import { attribute, nameOf, wholes, type OnnxGraphNode } from './graph.js';
import { Mode, weightsOf, type NodeTable } from './table.js';

const MAX_OUTPUTS = 1024;
const MAX_FEATURE = 1 << 16;

/** Reads the attributes of TreeEnsemble, ai.onnx.ml 5: leaves stand apart from the splits; here leaf `i` follows them as a node. */
export function readEnsemble5(node: OnnxGraphNode): NodeTable {
  const name = nameOf(node);
  const outputs = attribute(node, 'n_targets', 'int') ?? 1;
  if (!(outputs >= 1 && outputs <= MAX_OUTPUTS)) throw malformed(name, `${outputs} outputs are out of bounds`);
  const modes = attribute(node, 'nodes_modes', 'tensor')?.data ?? [];
  const splits = modes.length;
  const weights = attribute(node, 'leaf_weights', 'tensor')?.data ?? [];
  const leaves = weights.length;
  const count = splits + leaves;
  if (splits === 0 || leaves === 0) throw malformed(name, 'it has no split or no leaf');
  const thresholds = attribute(node, 'nodes_splits', 'tensor')?.data ?? [];
  if (thresholds.length !== splits)
    throw malformed(name, `nodes_splits has ${thresholds.length} entries where ${splits} belong`);
  const features = wholes(node, 'nodes_featureids', splits);
  const tracks = attribute(node, 'nodes_missing_value_tracks_true', 'ints') ?? [];
  if (tracks.length !== 0 && tracks.length !== splits)
    throw malformed(name, `nodes_missing_value_tracks_true has ${tracks.length} entries where ${splits} belong`);

  const mode = new Uint8Array(count).fill(Mode.LEAF);
  const feature = new Int32Array(count);
  const value = new Float64Array(count);
  const track = new Uint8Array(count);
  const side = (ids: string, leafs: string): Int32Array => {
    const to = wholes(node, ids, splits);
    const isLeaf = wholes(node, leafs, splits);
    return Int32Array.from({ length: count }, (_, i) => {
      if (i >= splits) return -1;
      const limit = isLeaf[i] ? leaves : splits;
      const id = to[i]!;
      if (!(Number.isInteger(id) && id >= 0 && id < limit)) throw malformed(name, `${ids}[${i}] is ${id} of ${limit}`);
      return isLeaf[i] ? splits + id : id;
    });
  };
  for (let i = 0; i < splits; i++) {
    if (!(modes[i]! <= Mode.MEMBER)) throw unsupported(`${name}: mode ${modes[i]}`, 'Modes are 0 to 6.');
    const f = features[i]!;
    if (!(Number.isInteger(f) && f >= 0 && f < MAX_FEATURE)) throw malformed(name, `feature ${f} is out of bounds`);
    mode[i] = modes[i]!;
    feature[i] = f;
    value[i] = thresholds[i]!;
    track[i] = tracks[i] ? 1 : 0;
  }
  const roots = Array.from(attribute(node, 'tree_roots', 'ints') ?? []);
  if (roots.length === 0 || !roots.every((root) => Number.isInteger(root) && root >= 0 && root < splits))
    throw malformed(name, 'tree_roots is empty or out of bounds');
  const leaf = Int32Array.from({ length: leaves }, (_, i) => splits + i);
  const targets = wholes(node, 'leaf_targetids', leaves);
  return {
    name,
    roots,
    mode,
    feature,
    value,
    yes: side('nodes_truenodeids', 'nodes_trueleafs'),
    no: side('nodes_falsenodeids', 'nodes_falseleafs'),
    track,
    members: membersOf(node, mode),
    ...weightsOf(name, count, leaf, targets, weights, outputs),
    outputs,
  };
}

/** The sets stand one after another, in the order of their nodes, with a NaN behind each. */
function membersOf(node: OnnxGraphNode, mode: Uint8Array): ReadonlyMap<number, readonly number[]> {
  const sets = new Map<number, readonly number[]>();
  const values = attribute(node, 'membership_values', 'tensor')?.data ?? [];
  let at = 0;
  mode.forEach((m, i) => {
    if (m !== Mode.MEMBER) return;
    const set: number[] = [];
    for (; at < values.length && !Number.isNaN(values[at]); at++) set.push(values[at]!);
    if (at === values.length) throw malformed(nameOf(node), 'membership_values ends within a set');
    at++;
    sets.set(i, set);
  });
  return sets;
}
