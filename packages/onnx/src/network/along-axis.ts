import { size, view, type Build, type Compiled, type Node, type Value } from './value.js';

/** Walks the vectors along one axis: `each(start, stride)` for every one. */
function vectors(dims: readonly number[], axis: number, each: (start: number, stride: number) => void): void {
  const stride = size(dims.slice(axis + 1));
  const outer = size(dims.slice(0, axis));
  for (let o = 0; o < outer; o++) for (let i = 0; i < stride; i++) each(o * stride * dims[axis]! + i, stride);
}

/** Softmax and its logarithm, the largest taken off first. Before operator set 13 over all axes from `axis` on. */
export const softmax: Build = (node) => {
  const input = node.input(0);
  const log = node.node.op === 'LogSoftmax';
  const old = node.opset < 13;
  const axis = node.axis(node.int('axis', old ? 1 : -1), input.dims.length);
  const dims = old ? [size(input.dims.slice(0, axis)), size(input.dims.slice(axis))] : input.dims;
  const along = old ? 1 : axis;
  const count = dims[along]!;
  const output = node.value(input.dims);
  const from = input.data;
  const to = output.data;
  const run = (): void =>
    vectors(dims, along, (start, stride) => {
      let largest = -Infinity;
      for (let k = 0; k < count; k++) largest = Math.max(largest, from[start + k * stride]!);
      let sum = 0;
      for (let k = 0; k < count; k++) sum += Math.exp(from[start + k * stride]! - largest);
      const logSum = Math.log(sum);
      for (let k = 0; k < count; k++) {
        const x = from[start + k * stride]! - largest;
        to[start + k * stride] = log ? x - logSum : Math.exp(x) / sum;
      }
    });
  return { outputs: [output], run };
};

export const layerNormalization: Build = (node) => {
  const input = node.input(0);
  const axis = node.axis(node.int('axis', -1), input.dims.length);
  const epsilon = node.float('epsilon', Math.fround(1e-5));
  const width = size(input.dims.slice(axis));
  const scale = node.known(1) ?? node.fail('no scale');
  const bias = node.known(2);
  if (scale.length !== width || (bias && bias.length !== width))
    node.fail(`a scale of ${scale.length} for ${width} values`);
  if (node.node.outputs.length > 1) node.refuse('with the outputs of training');
  const output = node.value(input.dims);
  const from = input.data;
  const to = output.data;
  const run = (): void => {
    for (let start = 0; start < from.length; start += width) {
      let mean = 0;
      for (let i = 0; i < width; i++) mean += from[start + i]!;
      mean /= width;
      let variance = 0;
      for (let i = 0; i < width; i++) variance += (from[start + i]! - mean) ** 2;
      const factor = 1 / Math.sqrt(variance / width + epsilon);
      for (let i = 0; i < width; i++)
        to[start + i] = (from[start + i]! - mean) * factor * scale[i]! + (bias ? bias[i]! : 0);
    }
  };
  return { outputs: [output], run };
};

/** Of inference: with the stored mean and variance. */
export const batchNormalization: Build = (node) => {
  const input = node.input(0);
  if (node.int('training_mode', 0) !== 0) node.refuse('in training');
  const epsilon = node.float('epsilon', Math.fround(1e-5));
  const [scale, bias, mean, variance] = [1, 2, 3, 4].map((i) => node.known(i) ?? node.fail(`input ${i} is missing`));
  const channels = input.dims[1] ?? node.fail(`shape [${input.dims}]`);
  if ([scale, bias, mean, variance].some((numbers) => numbers!.length !== channels)) node.fail(`${channels} channels`);
  const inner = size(input.dims.slice(2));
  const output = node.value(input.dims);
  const from = input.data;
  const to = output.data;
  const run = (): void => {
    for (let i = 0; i < to.length; i++) {
      const c = Math.floor(i / inner) % channels;
      to[i] = ((from[i]! - mean![c]!) / Math.sqrt(variance![c]! + epsilon)) * scale![c]! + bias![c]!;
    }
  };
  return { outputs: [output], run };
};

const REDUCE: Readonly<Record<string, { start: number; add: (sum: number, x: number) => number; mean?: boolean }>> = {
  ReduceMean: { start: 0, add: (sum, x) => sum + x, mean: true },
  ReduceSum: { start: 0, add: (sum, x) => sum + x },
  ReduceMax: { start: -Infinity, add: Math.max },
  ReduceMin: { start: Infinity, add: Math.min },
  // of numbers taken relative to their largest: two passes
  ReduceLogSumExp: { start: -Infinity, add: Math.max },
};

export const reduce: Build = (node) => {
  const { start, add, mean } = REDUCE[node.node.op]!;
  const input = node.input(0);
  const rank = input.dims.length;
  const given = node.ints('axes') ?? node.known(1);
  if (!given?.length && node.int('noop_with_empty_axes', 0) !== 0) return view(input, input.dims);
  const axes = new Set(
    given?.length ? Array.from(given, (axis) => node.axis(axis, rank)) : input.dims.map((_, i) => i),
  );
  const kept = input.dims.map((dim, i) => (axes.has(i) ? 1 : dim));
  const output = node.value(
    node.int('keepdims', 1) !== 0 ? kept : input.dims.filter((_, i) => !axes.has(i)),
    input.integer,
  );
  const target = targets(input, kept);
  const sums = new Float64Array(output.data.length);
  const count = size(input.dims) / Math.max(1, sums.length);
  const from = input.data;
  const to = output.data;
  const largest = new Float64Array(node.node.op === 'ReduceLogSumExp' ? sums.length : 0);
  const run = (): void => {
    sums.fill(start);
    for (let i = 0; i < from.length; i++) sums[target[i]!] = add(sums[target[i]!]!, from[i]!);
    if (largest.length > 0) {
      largest.set(sums);
      sums.fill(0);
      for (let i = 0; i < from.length; i++) sums[target[i]!]! += Math.exp(from[i]! - largest[target[i]!]!);
      for (let i = 0; i < to.length; i++) sums[i] = largest[i]! + Math.log(sums[i]!);
    }
    for (let i = 0; i < to.length; i++) to[i] = mean ? sums[i]! / count : sums[i]!;
  };
  return { outputs: [output], run };
};

/** For each cell of the input the cell of the result. */
function targets(input: Value, kept: readonly number[]): Int32Array {
  const at = new Int32Array(input.data.length);
  for (let i = 0; i < at.length; i++) {
    let rest = i;
    let index = 0;
    let stride = 1;
    for (let axis = kept.length - 1; axis >= 0; axis--) {
      const along = rest % input.dims[axis]!;
      rest = (rest - along) / input.dims[axis]!;
      if (kept[axis] !== 1) index += along * stride;
      stride *= kept[axis]!;
    }
    at[i] = index;
  }
  return at;
}

/** The place of the largest; of several the first. */
export const argMax: Build = (node: Node): Compiled => {
  const input = node.input(0);
  const axis = node.axis(node.int('axis', 0), input.dims.length);
  if (node.int('select_last_index', 0) !== 0) node.refuse('with select_last_index');
  const kept = input.dims.map((dim, i) => (i === axis ? 1 : dim));
  const output = node.value(node.int('keepdims', 1) !== 0 ? kept : input.dims.filter((_, i) => i !== axis), true);
  const from = input.data;
  const to = output.data;
  const run = (): void => {
    let at = 0;
    vectors(input.dims, axis, (start, stride) => {
      let best = 0;
      for (let k = 1; k < input.dims[axis]!; k++)
        if (from[start + k * stride]! > from[start + best * stride]!) best = k;
      to[at++] = best;
    });
  };
  return { outputs: [output], run };
};
