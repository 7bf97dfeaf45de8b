/** Element types that are read; 64-bit integers become the nearest double. */
export type OnnxType =
  | 'float32'
  | 'float64'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

export type OnnxNumbers =
  Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  /** Row-major, as many as the product of `dims`. 64-bit integers stand in a Float64Array. Empty for strings. */
  readonly data: OnnxNumbers;
  /** Of a tensor of strings. */
  readonly strings?: readonly string[];
}

export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'floats'; readonly value: Float32Array }
  /** Beyond 2^53 the nearest double. */
  | { readonly type: 'ints'; readonly value: Float64Array }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  /** A kind that is not read (a subgraph, a sparse tensor, a type); its name for the refusal. */
  | { readonly type: 'other'; readonly value: string };

export interface OnnxNode {
  readonly name: string;
  /** Operator, `Gemm`. */
  readonly op: string;
  /** Operator set; empty for ONNX's own, `ai.onnx.ml` for trees. */
  readonly domain: string;
  /** Names of values; empty where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  /** Null for what is no tensor of a type that is read (a sequence, a map, float16). */
  readonly type: OnnxType | null;
  /** A number, a name of a free dimension, or null when nothing is said; null as a whole when the rank is not said. */
  readonly dims: readonly (number | string | null)[] | null;
}

/** One ONNX file as data. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: { readonly name: string; readonly version: string };
  /** Version by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly name: string;
  /** In the order of the file, which is that of computation. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Without those that an initializer fills. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Names by number, as `TensorProto.DataType` counts them. */
export const TYPE_BY_NUMBER: Readonly<Record<number, OnnxType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
};
