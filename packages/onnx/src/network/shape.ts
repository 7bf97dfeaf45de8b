import { attributeOf } from '../attributes.js';
import { indices } from './elementwise.js';
import { size, view, type Build, type Node, type Value } from './value.js';

export const identity: Build = (node) => view(node.input(0), node.input(0).dims);

export const flatten: Build = (node) => {
  const input = node.input(0);
  const axis = node.int('axis', 1);
  const at = axis === input.dims.length ? axis : node.axis(axis, input.dims.length);
  return view(input, [size(input.dims.slice(0, at)), size(input.dims.slice(at))]);
};

export const reshape: Build = (node) => {
  const input = node.input(0);
  const wanted = node.known(1) ?? node.fail('no shape');
  const dims = Array.from(wanted, (dim, i) =>
    dim === 0 && node.int('allowzero', 0) === 0 ? (input.dims[i] ?? -2) : dim,
  );
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = size(input.dims) / size(dims.filter((_, i) => i !== open));
  if (dims.some((dim) => !(Number.isInteger(dim) && dim >= 0)) || size(dims) !== size(input.dims))
    node.fail(`shape [${input.dims}] as [${Array.from(wanted)}]`);
  return view(input, dims);
};

/** Axes are an attribute in older operator sets, an input from 13 on. */
function axesOf(node: Node, rank: number): Set<number> | undefined {
  const axes = node.ints('axes') ?? node.known(1);
  return axes && new Set(Array.from(axes, (axis) => node.axis(axis, rank)));
}

export const squeeze: Build = (node) => {
  const input = node.input(0);
  const axes = axesOf(node, input.dims.length);
  return view(
    input,
    input.dims.filter((dim, i) => !(axes ? axes.has(i) : dim === 1) || (dim !== 1 && node.fail(`axis ${i} is ${dim}`))),
  );
};

export const unsqueeze: Build = (node) => {
  const input = node.input(0);
  const count = (node.ints('axes') ?? node.known(1) ?? node.fail('no axes')).length;
  const axes = axesOf(node, input.dims.length + count)!;
  const rest = [...input.dims];
  return view(
    input,
    Array.from({ length: input.dims.length + count }, (_, i) => (axes.has(i) ? 1 : rest.shift()!)),
  );
};

/** Cells of the input in a new order, some of them, or some twice. */
function pick(node: Node, input: Value, dims: readonly number[], at: Int32Array): ReturnType<Build> {
  const output = node.value(dims, input.integer);
  const from = input.data;
  const to = output.data;
  return {
    outputs: [output],
    run: () => {
      for (let i = 0; i < to.length; i++) to[i] = from[at[i]!]!;
    },
  };
}

/** The cell of `from` for each cell of `dims`; `along` gives the place on each axis. */
function cells(
  node: Node,
  dims: readonly number[],
  from: readonly number[],
  along: (place: readonly number[]) => readonly number[],
): Int32Array {
  const at = new Int32Array(node.reserve(size(dims)));
  const place = dims.map(() => 0);
  for (let i = 0; i < at.length; i++) {
    at[i] = along(place).reduce((index, x, axis) => index * from[axis]! + x, 0);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      if (++place[axis]! < dims[axis]!) break;
      place[axis] = 0;
    }
  }
  return at;
}

export const transpose: Build = (node) => {
  const input = node.input(0);
  const rank = input.dims.length;
  const order = Array.from(node.ints('perm') ?? input.dims.map((_, i) => rank - 1 - i), (axis) =>
    node.axis(axis, rank),
  );
  if (new Set(order).size !== rank) node.fail(`perm [${order}] of ${rank} dimensions`);
  const dims = order.map((axis) => input.dims[axis]!);
  const at = cells(node, dims, input.dims, (place) => input.dims.map((_, axis) => place[order.indexOf(axis)]!));
  return pick(node, input, dims, at);
};

export const slice: Build = (node) => {
  const input = node.input(0);
  const rank = input.dims.length;
  const given = (i: number, name: string): ArrayLike<number> | undefined =>
    node.opset < 10 ? node.ints(name) : node.known(i);
  const starts = given(1, 'starts') ?? node.fail('no starts');
  const ends = given(2, 'ends') ?? node.fail('no ends');
  const axes = given(3, 'axes') ?? Array.from(starts, (_, i) => i);
  const steps = node.opset < 10 ? undefined : node.known(4);
  const first = input.dims.map(() => 0);
  const stride = input.dims.map(() => 1);
  const dims = [...input.dims];
  for (let k = 0; k < starts.length; k++) {
    const axis = node.axis(axes[k] ?? node.fail('an axis is missing'), rank);
    const step = steps?.[k] ?? 1;
    if (!Number.isInteger(step) || step === 0) node.fail(`step ${step}`);
    const dim = input.dims[axis]!;
    const bound = (x: number): number =>
      Math.max(step > 0 ? 0 : -1, Math.min(step > 0 ? dim : dim - 1, x < 0 ? Math.max(x + dim, step > 0 ? 0 : -1) : x));
    const from = Math.min(bound(starts[k]!), step > 0 ? dim : dim - 1);
    const to = bound(ends[k] ?? node.fail('an end is missing'));
    first[axis] = from;
    stride[axis] = step;
    dims[axis] = Math.max(0, Math.ceil((to - from) / step));
  }
  const at = cells(node, dims, input.dims, (place) => place.map((x, axis) => first[axis]! + x * stride[axis]!));
  return pick(node, input, dims, at);
};

export const gather: Build = (node) => {
  const input = node.input(0);
  const axis = node.axis(node.int('axis', 0), input.dims.length);
  const which = node.input(1);
  const dim = input.dims[axis]!;
  const chosen = Array.from(node.known(1)!, (x) =>
    Number.isInteger(x) && x >= -dim && x < dim ? (x + dim) % dim : node.fail(`index ${x} of ${dim}`),
  );
  const [before, after] = [input.dims.slice(0, axis), input.dims.slice(axis + 1)];
  const at = cells(node, [...before, chosen.length, ...after], input.dims, (place) =>
    place.map((x, k) => (k === axis ? chosen[x]! : x)),
  );
  return pick(node, input, [...before, ...which.dims, ...after], at);
};

export const concat: Build = (node) => {
  const values = node.inputs.map((_, i) => node.input(i));
  const first = values[0] ?? node.fail('no input');
  const axis = node.axis(node.int('axis', 0), first.dims.length);
  for (const { dims } of values)
    if (dims.length !== first.dims.length || dims.some((dim, k) => k !== axis && dim !== first.dims[k]))
      node.fail(`shapes [${first.dims}] and [${dims}]`);
  const dims = first.dims.map((dim, k) =>
    k === axis ? values.reduce((sum, value) => sum + value.dims[axis]!, 0) : dim,
  );
  const output = node.value(
    dims,
    values.every((value) => value.integer),
  );
  const inner = size(dims.slice(axis + 1));
  const outer = size(dims.slice(0, axis));
  const to = output.data;
  const parts = values.map((value) => ({ data: value.data, width: value.dims[axis]! * inner }));
  return {
    outputs: [output],
    run: () => {
      let at = 0;
      for (let row = 0; row < outer; row++)
        for (const { data, width } of parts)
          for (let i = 0, start = row * width; i < width; i++) to[at++] = data[start + i]!;
    },
  };
};

export const expand: Build = (node) => {
  const input = node.input(0);
  const shape = Array.from(node.known(1) ?? node.fail('no shape'));
  const rank = Math.max(shape.length, input.dims.length);
  const dims = Array.from({ length: rank }, (_, i) => {
    const x = input.dims[input.dims.length - rank + i] ?? 1;
    const y = shape[shape.length - rank + i] ?? 1;
    return x === 1 ? y : y === 1 || x === y ? x : node.fail(`shapes [${input.dims}] and [${shape}]`);
  });
  if (dims.some((dim) => !(dim >= 0 && dim <= 1 << 24)) || size(dims) > 1 << 24) node.fail(`shape [${dims}]`);
  node.reserve(size(dims));
  return pick(node, input, dims, indices(input, dims));
};

export const shapeOf: Build = (node) => {
  const { dims } = node.input(0);
  const [start, end] = [node.int('start', 0), node.int('end', dims.length)];
  const data = Float64Array.from(dims.slice(start, end));
  return { outputs: [{ dims: [data.length], data, integer: true, constant: true }] };
};

/** Types: whole numbers stay doubles, everything else becomes a 32-bit float. */
const WHOLE = new Set([2, 3, 4, 5, 6, 7, 9, 12, 13]);

export const cast: Build = (node) => {
  const input = node.input(0);
  const type = node.int('to', 1);
  const integer = WHOLE.has(type);
  if (!integer && type !== 1 && type !== 11) node.refuse(`to element type ${type}`);
  if (integer === input.integer) return view(input, input.dims);
  const output = node.value(input.dims, integer);
  const from = input.data;
  const to = output.data;
  return {
    outputs: [output],
    run: () => {
      for (let i = 0; i < to.length; i++) to[i] = integer ? Math.trunc(from[i]!) : from[i]!;
    },
  };
};

export const constant: Build = (node) => {
  const known = (dims: readonly number[], numbers: ArrayLike<number>, integer: boolean): ReturnType<Build> => ({
    outputs: [
      { dims, data: integer ? Float64Array.from(numbers) : Float32Array.from(numbers), integer, constant: true },
    ],
  });
  for (const [name, attribute] of node.node.attributes) {
    if (name === 'value' && attribute.type === 'tensor') {
      const { dims, data, type } = attribute.value;
      return known(dims, data, !type.startsWith('float'));
    }
    if (attribute.type === 'float') return known([], [attribute.value], false);
    if (attribute.type === 'int') return known([], [attribute.value], true);
    if (attribute.type === 'floats') return known([attribute.value.length], attribute.value, false);
    if (attribute.type === 'ints') return known([attribute.value.length], attribute.value, true);
  }
  return node.refuse('of this kind');
};

export const constantOfShape: Build = (node) => {
  const dims = Array.from(node.known(0) ?? node.fail('no shape'));
  if (dims.some((dim) => !(dim >= 0))) node.fail(`shape [${dims}]`);
  const fill = attributeOf(node.node, 'value', 'tensor');
  const output = node.value(dims, fill !== undefined && !fill.type.startsWith('float'));
  output.data.fill(fill?.data[0] ?? 0);
  return { outputs: [output] };
};

export const split: Build = (node) => {
  const input = node.input(0);
  const axis = node.axis(node.int('axis', 0), input.dims.length);
  const dim = input.dims[axis]!;
  const count = node.node.outputs.length;
  const even = Math.ceil(dim / count);
  const widths = Array.from(
    attributeOf(node.node, 'split', 'ints') ??
      node.known(1) ??
      Array.from({ length: count }, (_, i) => Math.min(even, dim - i * even)),
  );
  if (widths.length !== count || widths.some((width) => width < 0) || widths.reduce((a, b) => a + b, 0) !== dim)
    node.fail(`${dim} in parts of ${widths}`);
  let start = 0;
  const parts = widths.map((width) => {
    const dims = input.dims.map((d, k) => (k === axis ? width : d));
    const first = start;
    start += width;
    return pick(
      node,
      input,
      dims,
      cells(node, dims, input.dims, (place) => place.map((x, k) => (k === axis ? first + x : x))),
    );
  });
  return { outputs: parts.map((part) => part.outputs[0]!), run: () => parts.forEach((part) => part.run!()) };
};
