import type { Each } from './kernel.js';
import { tanh } from './tanh.js';
import { size, type Build, type Compiled, type Node, type Value } from './value.js';

type Unary = (x: number) => number;

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** Gauss error function by its continued series (Abramowitz and Stegun 7.1.5) and continued fraction (7.1.14). */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a !== a) return a;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}

/** A function of one number each, from the node's attributes. */
export const UNARY: Readonly<Record<string, (node: Node) => Unary>> = {
  Tanh: () => tanh,
  Sigmoid: () => sigmoid,
  Relu: () => (x) => (x < 0 ? 0 : x),
  LeakyRelu: (node) => {
    const alpha = node.float('alpha', Math.fround(0.01));
    return (x) => (x < 0 ? alpha * x : x);
  },
  Elu: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  },
  Selu: (node) => {
    const alpha = node.float('alpha', Math.fround(1.6732632423543772));
    const gamma = node.float('gamma', Math.fround(1.0507009873554805));
    return (x) => gamma * (x < 0 ? alpha * Math.expm1(x) : x);
  },
  HardSigmoid: (node) => {
    const alpha = node.float('alpha', Math.fround(0.2));
    const beta = node.float('beta', 0.5);
    return (x) => Math.max(0, Math.min(1, alpha * x + beta));
  },
  HardSwish: () => (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  Swish: (node) => {
    const alpha = node.float('alpha', 1);
    return (x) => x * sigmoid(alpha * x);
  },
  Softplus: () => softplus,
  Softsign: () => (x) => x / (1 + Math.abs(x)),
  Mish: () => (x) => x * tanh(softplus(x)),
  Gelu: (node) => {
    const kind = node.node.attributes.get('approximate');
    return kind?.type === 'string' && kind.value === 'tanh'
      ? (x) => 0.5 * x * (1 + tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
      : (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2));
  },
  Erf: () => erf,
  Exp: () => Math.exp,
  Log: () => Math.log,
  Sqrt: () => Math.sqrt,
  Neg: () => (x) => -x,
  Abs: () => Math.abs,
  Sign: () => Math.sign,
  Floor: () => Math.floor,
  Ceil: () => Math.ceil,
  Reciprocal: () => (x) => 1 / x,
  Clip: clip,
};

/** Bounds are attributes before operator set 11, inputs from it on. */
function clip(node: Node): Unary {
  const bound = (i: number, name: string, otherwise: number): number =>
    node.opset < 11 ? node.float(name, otherwise) : (node.known(i)?.[0] ?? otherwise);
  const low = bound(1, 'min', -Infinity);
  const high = bound(2, 'max', Infinity);
  return (x) => (x < low ? low : x > high ? high : x);
}

export const unary: Build = (node) => {
  const { op } = node.node;
  const apply = UNARY[op]!(node);
  const input = node.input(0);
  const output = node.value(input.dims, input.integer);
  const { data: from } = input;
  const { data: to } = output;
  return {
    outputs: [output],
    run: () => {
      for (let i = 0; i < to.length; i++) to[i] = apply(from[i]!);
    },
    ...((op === 'Tanh' || op === 'Relu') && !input.integer && { part: { input, each: { op } } }),
  };
};

export const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
};

/** Two inputs, broadcast; Min and Max take any number of them. */
export const binary: Build = (node) => {
  const { op } = node.node;
  const apply = BINARY[op]!;
  if (node.inputs.length > 2 && op !== 'Min' && op !== 'Max') node.fail(`${node.inputs.length} inputs`);
  const values = node.inputs.map((_, i) => node.input(i));
  if (values.length === 0) node.fail('no input');
  const dims = values
    .map((value) => value.dims)
    .reduce((a, b) => broadcast(a, b) ?? node.fail(`shapes [${a}] and [${b}]`));
  const integer = values.every((value) => value.integer);
  const output = node.value(dims, integer);
  const { data: to } = output;
  const from = values.map((value) => ({ data: value.data, at: indices(value, dims) }));
  const part = op === 'Add' ? addition(values, dims) : undefined;
  const whole = integer && op === 'Div' ? Math.trunc : null;
  return {
    outputs: [output],
    run: () => {
      const [first, ...others] = from as [(typeof from)[number], ...typeof from];
      for (let i = 0; i < to.length; i++) {
        let x = first.data[first.at[i]!]!;
        for (const other of others) x = apply(x, other.data[other.at[i]!]!);
        to[i] = whole ? whole(x) : x;
      }
    },
    ...(part && { part }),
  };
};

/** Of constants to a row; a bias, as some exporters write it. */
function addition(values: readonly Value[], dims: readonly number[]): Compiled['part'] {
  const [input, constant] = values[0]?.constant ? [values[1], values[0]] : [values[0], values[1]];
  if (values.length !== 2 || !input || !constant?.constant || input.constant) return undefined;
  if (input.integer || constant.integer || size(dims) !== size(input.dims)) return undefined;
  const at = indices(constant, dims);
  const each: Each = { op: 'Add', constant: (output) => constant.data[at[output]!]! };
  return { input, each };
}

/** Dimensions of two shapes together, as numpy does; null where they do not fit. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    dims.push(x === 1 ? y : x);
  }
  return dims;
}

/** For each cell of `dims` the cell of `value` that stands there. */
export function indices(value: Value, dims: readonly number[]): Int32Array {
  const at = new Int32Array(size(dims));
  const skip = dims.length - value.dims.length;
  for (let i = 0; i < at.length; i++) {
    let rest = i;
    let index = 0;
    let stride = 1;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      const along = rest % dims[axis]!;
      rest = (rest - along) / dims[axis]!;
      const dim = value.dims[axis - skip];
      if (dim === undefined) continue;
      if (dim !== 1) index += along * stride;
      stride *= dim;
    }
    at[i] = index;
  }
  return at;
}
