import type { Layer } from './kernel.js';
import { size, type Build, type Node, type Value } from './value.js';

/** Outputs that are summed side by side. */
const LANES = 4;

/** y = α·A·B + β·C with a row A and constant B and C. */
export const gemm: Build = (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  const alpha = node.float('alpha', 1);
  const beta = node.float('beta', 1);
  if (node.int('transA', 0) !== 0) node.refuse('with transA');
  const transposed = node.int('transB', 0) !== 0;
  if (a.dims.length !== 2 || b.dims.length !== 2) node.fail(`shapes [${a.dims}] and [${b.dims}]`);
  const [outputs, inputs] = transposed ? [b.dims[0]!, b.dims[1]!] : [b.dims[1]!, b.dims[0]!];
  if (a.dims[0] !== 1 || a.dims[1] !== inputs) node.fail(`shapes [${a.dims}] and [${b.dims}]`);
  const weights = node.known(1)!;
  const given = node.known(2);
  if (given && given.length !== 1 && given.length !== outputs)
    node.fail(`a bias of ${given.length} for ${outputs} outputs`);
  return dense(
    node,
    a,
    inputs,
    outputs,
    (o, i) => Math.fround(alpha * weights[transposed ? o * inputs + i : i * outputs + o]!),
    (o) => (given ? Math.fround(beta * given[given.length === 1 ? 0 : o]!) : 0),
  );
};

/** A row times a constant matrix. */
export const matMul: Build = (node) => {
  const [a, b] = [node.input(0), node.input(1)];
  const inputs = a.dims.at(-1) ?? NaN;
  if (b.dims.length !== 2 || inputs !== b.dims[0]) node.fail(`shapes [${a.dims}] and [${b.dims}]`);
  if (size(a.dims) !== inputs) node.refuse('of more than one row');
  const outputs = b.dims[1]!;
  const weights = node.known(1)!;
  return dense(
    node,
    a,
    inputs,
    outputs,
    (o, i) => weights[i * outputs + o]!,
    () => 0,
  );
};

/**
 * Sums in doubles and rounds once: closer to the exact sum than any order of floats. Weights lie in the order of reading, LANES outputs
 * side by side, the last group padded with zeros.
 */
function dense(
  node: Node,
  input: Value,
  inputs: number,
  outputs: number,
  weight: (output: number, input: number) => number,
  bias: (output: number) => number,
): ReturnType<Build> {
  const output = node.value([...input.dims.slice(0, -1), outputs]);
  node.reserve((inputs + 1) * outputs);
  const layer: Layer = { inputs, outputs, weight, bias };
  const from = input.data;
  const to = output.data;
  // the kernel has weights of its own: these only where it does not run
  let weights: Float64Array | undefined;
  const sums = new Float32Array(Math.ceil(outputs / LANES) * LANES);
  const run = (): void => {
    sumUp((weights ??= pack(layer)), from, inputs, sums);
    for (let o = 0; o < outputs; o++) to[o] = sums[o]!;
  };
  return { outputs: [output], run, part: { input, layer } };
}

function pack({ inputs, outputs, weight, bias }: Layer): Float64Array {
  const groups = Math.ceil(outputs / LANES);
  const weights = new Float64Array(groups * (inputs + 1) * LANES);
  let at = 0;
  for (let group = 0; group < groups; group++)
    for (let i = -1; i < inputs; i++)
      for (let lane = 0; lane < LANES; lane++) {
        const o = group * LANES + lane;
        weights[at++] = o >= outputs ? 0 : i < 0 ? bias(o) : weight(o, i);
      }
  return weights;
}

function sumUp(weights: Float64Array, from: Value['data'], inputs: number, sums: Float32Array): void {
  let w = 0;
  for (let o = 0; o < sums.length; o += LANES) {
    let a = weights[w]!;
    let b = weights[w + 1]!;
    let c = weights[w + 2]!;
    let d = weights[w + 3]!;
    w += LANES;
    for (let i = 0; i < inputs; i++) {
      const x = from[i]!;
      a += x * weights[w]!;
      b += x * weights[w + 1]!;
      c += x * weights[w + 2]!;
      d += x * weights[w + 3]!;
      w += LANES;
    }
    sums[o] = a;
    sums[o + 1] = b;
    sums[o + 2] = c;
    sums[o + 3] = d;
  }
}
