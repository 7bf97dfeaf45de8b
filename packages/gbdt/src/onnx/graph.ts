import { malformed } from '../model-error.js';

/** What is asked of an ONNX file that has been read: the shape that `readOnnx` of @signalbox/onnx gives. This package reads no protobuf. */
export interface OnnxGraph {
  readonly opsets: ReadonlyMap<string, number>;
  /** In order of computation. */
  readonly nodes: readonly OnnxGraphNode[];
  readonly initializers: ReadonlyMap<string, OnnxGraphTensor>;
  readonly inputs: readonly OnnxGraphValue[];
  readonly outputs: readonly OnnxGraphValue[];
}

export interface OnnxGraphNode {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, { readonly type: string; readonly value: unknown }>;
}

export interface OnnxGraphTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface OnnxGraphValue {
  readonly name: string;
  readonly type: string | null;
  readonly dims: readonly (number | string | null)[] | null;
}

/** For messages. */
export function nameOf({ domain, op, name }: OnnxGraphNode): string {
  return `${domain && `${domain}.`}${op}${name && ` "${name}"`}`;
}

interface Kinds {
  float: number;
  int: number;
  string: string;
  floats: ArrayLike<number>;
  ints: ArrayLike<number>;
  strings: readonly string[];
  tensor: OnnxGraphTensor;
}

/** @throws ModelError MODEL_MALFORMED when the attribute is there with another type */
export function attribute<K extends keyof Kinds>(node: OnnxGraphNode, name: string, kind: K): Kinds[K] | undefined {
  const found = node.attributes.get(name);
  if (found === undefined) return undefined;
  if (found.type !== kind)
    throw malformed(nameOf(node), `attribute ${name} is of type ${found.type} where ${kind} belongs`);
  return found.value as Kinds[K];
}

/** An attribute that exists as a list of float32 and as a tensor, which may be float64: `nodes_values` and `nodes_values_as_tensor`. */
export function numbers(node: OnnxGraphNode, name: string): ArrayLike<number> {
  return attribute(node, `${name}_as_tensor`, 'tensor')?.data ?? attribute(node, name, 'floats') ?? [];
}

/** A list of whole numbers of a given length. */
export function wholes(node: OnnxGraphNode, name: string, length: number): ArrayLike<number> {
  const list = attribute(node, name, 'ints') ?? [];
  if (list.length !== length)
    throw malformed(nameOf(node), `${name} has ${list.length} entries where ${length} belong`);
  return list;
}
