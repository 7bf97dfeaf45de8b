import { malformed } from '../model-error.js';

/** Comparisons of a node, as TreeEnsemble 5 numbers them; `x MODE value` leads to `yes`. */
export const Mode = { LEQ: 0, LT: 1, GTE: 2, GT: 3, EQ: 4, NEQ: 5, MEMBER: 6, LEAF: 7 } as const;

/** Nodes of all trees of one operator, whatever its version wrote them as. */
export interface NodeTable {
  /** For messages. */
  readonly name: string;
  readonly roots: readonly number[];
  readonly mode: Uint8Array;
  readonly feature: Int32Array;
  readonly value: Float64Array;
  readonly yes: Int32Array;
  readonly no: Int32Array;
  /** 1 where a missing value goes to `yes` although the comparison fails. */
  readonly track: Uint8Array;
  /** Of nodes with the mode MEMBER. */
  readonly members: ReadonlyMap<number, readonly number[]>;
  /** Leaf `i` adds `weights[j]` to output `targets[j]` for j from `first[i]` up to `first[i + 1]`. */
  readonly first: Int32Array;
  readonly targets: Int32Array;
  readonly weights: Float64Array;
  readonly outputs: number;
}

/** Weights sorted by their leaf. */
export function weightsOf(
  name: string,
  nodes: number,
  leaf: ArrayLike<number>,
  target: ArrayLike<number>,
  weight: ArrayLike<number>,
  outputs: number,
): Pick<NodeTable, 'first' | 'targets' | 'weights'> {
  const first = new Int32Array(nodes + 1);
  for (let i = 0; i < leaf.length; i++) {
    if (!Number.isFinite(weight[i])) throw malformed(name, `weight ${i} is not a finite number`);
    const k = target[i]!;
    if (!(Number.isInteger(k) && k >= 0 && k < outputs))
      throw malformed(name, `weight ${i} belongs to output ${k} of ${outputs}`);
    first[leaf[i]! + 1]!++;
  }
  for (let i = 0; i < nodes; i++) first[i + 1]! += first[i]!;
  const next = first.slice();
  const targets = new Int32Array(leaf.length);
  const weights = new Float64Array(leaf.length);
  for (let i = 0; i < leaf.length; i++) {
    const at = next[leaf[i]!]!++;
    targets[at] = target[i]!;
    weights[at] = weight[i]!;
  }
  return { first, targets, weights };
}
