import { describeNode } from '../attributes.js';
import { malformed, ModelError, unsupported } from '../model-error.js';
import type { OnnxModel, OnnxNode } from '../model.js';
import { readOnnx } from '../read.js';
import { fuse, type Step } from './fuse.js';
import { OPERATORS } from './operators.js';
import { ELSEWHERE, Node, size, type Value } from './value.js';

export interface NetworkOptions {
  /** Name of the output; the first by default. */
  readonly output?: string;
  /** Largest file; 64 MiB by default. */
  readonly maxBytes?: number;
}

/** A network for one row at a time. One network is not to be used by two callers at once: its memory is its own. */
export interface Network {
  readonly inputs: number;
  readonly outputs: number;
  /** Distinct operators, in order of first use. */
  readonly operators: readonly string[];
  /** Rounds the row to 32-bit floats. Fills and returns `out`; without it, a new array. */
  predict(row: ArrayLike<number>, out?: Float64Array): Float64Array;
}

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_NODES = 10_000;
const MAX_RANK = 16;
const OLDEST = 7;
const NEWEST = 26;

/**
 * Makes a plain network (layers, activations, reshapes; no loop, convolution or recurrence) ready to evaluate rows.
 *
 * @throws ModelError MODEL_MALFORMED, MODEL_UNSUPPORTED naming the operator
 */
export function loadNetwork(bytes: Uint8Array, options: NetworkOptions = {}): Network {
  return compileNetwork(readOnnx(bytes, { maxBytes: options.maxBytes ?? MAX_BYTES }), options.output);
}

export function compileNetwork(model: OnnxModel, wanted?: string): Network {
  const opset = model.opsets.get('');
  if (opset === undefined || opset < OLDEST || opset > NEWEST)
    throw unsupported(
      `ONNX operator set ${opset ?? 'of another domain'}`,
      `Export with a version from ${OLDEST} to ${NEWEST}.`,
    );
  const name = wanted ?? model.outputs[0]?.name;
  if (name === undefined || !model.outputs.some((output) => output.name === name))
    throw malformed('graph', `no output ${wanted ?? ''}`);
  const nodes = needed(model, name);
  const values = new Map<string, Value>();
  for (const [key, tensor] of model.initializers) {
    if (tensor.type === 'string') continue;
    const integer = !tensor.type.startsWith('float');
    const data = integer ? Float64Array.from(tensor.data) : Float32Array.from(tensor.data);
    values.set(key, { dims: tensor.dims, data, integer, constant: true });
  }
  const input = inputOf(model, nodes);
  values.set(input.name, input.value);
  const steps: Step[] = [];
  const budget = { cells: 0 };
  for (const node of nodes) {
    const inputs = node.inputs.map((key) => {
      if (key === '') return undefined;
      const value = values.get(key);
      if (!value) throw malformed(describeNode(node), `its input ${key} comes from nowhere before it`);
      return value;
    });
    const { outputs, run, part } = OPERATORS.get(node.op)!(new Node(node, inputs, opset, budget));
    if (outputs.some((value) => value.dims.length > MAX_RANK))
      throw malformed(describeNode(node), `more than the limit of ${MAX_RANK} dimensions`);
    // known at load: computed once
    if (run && outputs.every((value) => value.constant)) run();
    else if (run) steps.push({ run, inputs, outputs, ...(part && { part }) });
    node.outputs.forEach((key, i) => {
      if (key === '' || outputs[i] === undefined) return;
      if (values.has(key)) throw malformed(describeNode(node), `its output ${key} is there already`);
      values.set(key, outputs[i]);
    });
  }
  const result = values.get(name);
  if (!result) throw malformed('graph', `the output ${name} comes from nowhere`);
  const row = input.value.data;
  const { data } = result;
  const runs = fuse(steps, result);
  return {
    inputs: row.length,
    outputs: data.length,
    operators: [...new Set(nodes.map((node) => node.op))],
    predict(given, out = new Float64Array(data.length)) {
      if (given.length !== row.length) throw mismatch(`a row of ${given.length} numbers where ${row.length} belong`);
      if (out.length !== data.length) throw mismatch(`out of ${out.length} numbers where ${data.length} belong`);
      for (let i = 0; i < row.length; i++) row[i] = given[i]!;
      for (let i = 0; i < runs.length; i++) runs[i]!();
      for (let i = 0; i < data.length; i++) out[i] = data[i]!;
      return out;
    },
  };
}

/** The nodes that the output depends on, in order; each of a known operator. */
function needed(model: OnnxModel, output: string): readonly OnnxNode[] {
  if (model.nodes.length > MAX_NODES)
    throw malformed('graph', `${model.nodes.length} nodes, the limit is ${MAX_NODES}`);
  const wanted = new Set([output]);
  const nodes: OnnxNode[] = [];
  for (let i = model.nodes.length - 1; i >= 0; i--) {
    const node = model.nodes[i]!;
    if (!node.outputs.some((key) => wanted.has(key))) continue;
    if (node.domain !== '' || !OPERATORS.has(node.op))
      throw unsupported(`the ONNX operator ${describeNode(node)}`, ELSEWHERE);
    node.inputs.forEach((key) => wanted.add(key));
    nodes.push(node);
  }
  return nodes.reverse();
}

function inputOf(model: OnnxModel, nodes: readonly OnnxNode[]): { readonly name: string; readonly value: Value } {
  const used = model.inputs.filter(({ name }) => nodes.some((node) => node.inputs.includes(name)));
  const [input] = used.length > 0 ? used : model.inputs;
  if (!input || used.length > 1)
    throw unsupported(
      `a network with the inputs ${used.map(({ name }) => name).join(', ') || 'none'}`,
      'Export it with one input: a batch of feature rows.',
    );
  if (input.type !== 'float32' && input.type !== 'float64')
    throw unsupported(`the input ${input.name} of type ${input.type ?? 'unknown'}`, 'Export it with a float32 input.');
  if (input.dims === null || input.dims.length === 0)
    throw unsupported(`the input ${input.name} without a shape`, 'Export it with the shape [batch, features].');
  const dims = input.dims.map((dim, i) => {
    if (typeof dim === 'number' && dim > 0) {
      if (i === 0 && input.dims!.length > 1 && dim !== 1)
        throw unsupported(`a fixed batch of ${dim}`, 'Export it with a free batch dimension, or with 1.');
      return dim;
    }
    if (i === 0 && input.dims!.length > 1) return 1;
    throw unsupported(
      `the input ${input.name} with a free dimension ${i}`,
      'Export it with a fixed number of features.',
    );
  });
  if (size(dims) > 1 << 20) throw malformed(`input ${input.name}`, `shape [${dims}] is too large`);
  const data = new Float32Array(size(dims));
  return { name: input.name, value: { dims, data, integer: false, constant: false } };
}

function mismatch(what: string): ModelError {
  return new ModelError(
    'MODEL_FEATURE_MISMATCH',
    `${what}`,
    'Give the features that the model was trained on, in order.',
  );
}
