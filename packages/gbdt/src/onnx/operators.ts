import { malformed, unsupported } from '../model-error.js';
import { attribute, nameOf, type OnnxGraphNode, type OnnxGraphTensor } from './graph.js';
import { logistic, softmax } from './scores.js';

/** Numbers of one row, between two operators. */
export interface Register {
  readonly data: Float64Array;
  /** The values are float32. */
  readonly single: boolean;
}

export type Operand = { readonly register: Register } | { readonly constant: OnnxGraphTensor };
type Step = () => void;
export interface Compiled {
  readonly register: Register;
  readonly step: Step | null;
}

const FLOAT = 1;
const DOUBLE = 11;
const MAX_WIDTH = 1 << 16;

/**
 * What converters put behind their trees, for one row. Shapes are those of a row: the first dimension is that of the rows.
 * @throws ModelError MODEL_UNSUPPORTED naming the operator
 */
export function compileOperator(node: OnnxGraphNode, operands: readonly Operand[]): Compiled {
  const name = nameOf(node);
  const key = node.domain ? `${node.domain}.${node.op}` : node.op;
  const first = operands[0];
  if (!first) throw malformed(name, 'it has no input');
  switch (key) {
    case 'Identity':
    case 'Flatten':
      return { register: registerOf(first, name), step: null };
    case 'Reshape':
      return { register: reshaped(registerOf(first, name), operands[1], name), step: null };
    case 'Cast': {
      const to = attribute(node, 'to', 'int');
      if (to !== FLOAT && to !== DOUBLE)
        throw unsupported(`${name} of numbers to element type ${to}`, 'Export the scores as floating-point numbers.');
      return map(registerOf(first, name), to === FLOAT, (x) => x);
    }
    case 'Exp':
      return map(registerOf(first, name), undefined, Math.exp);
    case 'Sigmoid':
      return map(registerOf(first, name), undefined, logistic);
    case 'Softmax':
      return after(registerOf(first, name), softmax);
    case 'Add':
    case 'Sum':
      return fold(operands, name, (a, b) => a + b);
    case 'Sub':
      return fold(operands, name, (a, b) => a - b, 2);
    case 'Mul':
      return fold(operands, name, (a, b) => a * b, 2);
    case 'Div':
      return fold(operands, name, (a, b) => a / b, 2);
    case 'Greater':
      return fold(operands, name, (a, b) => (a > b ? 1 : 0), 2);
    case 'Where':
      return where(operands, name);
    case 'Concat':
      return concat(node, operands, name);
    case 'ai.onnx.ml.ArrayFeatureExtractor':
      return extract(operands, name);
    case 'ai.onnx.ml.Normalizer':
      return normalizer(attribute(node, 'norm', 'string') ?? 'MAX', registerOf(first, name), name);
    case 'ai.onnx.ml.ZipMap':
      throw unsupported(`${name}: an output of maps instead of numbers`, ZIPMAP);
    default:
      throw unsupported(
        `operator ${name}`,
        'Convert the model alone, without preprocessing, or use the library’s native file.',
      );
  }
}

export const ZIPMAP = 'Convert again without it: zipmap=False in onnxmltools, options={"zipmap": False} in skl2onnx.';

function registerOf(operand: Operand, name: string): Register {
  if ('constant' in operand) throw unsupported(`${name} of a constant`, 'Fold constants before saving the model.');
  return operand.register;
}

/** A row stays a row: `[-1, width]`, `[0, -1]`, `[0, width]`, or `[-1]` for one column. */
function reshaped(register: Register, shape: Operand | undefined, name: string): Register {
  const dims = shape && 'constant' in shape ? Array.from(shape.constant.data) : [];
  const width = register.data.length;
  const [rows, columns] = dims;
  const sound =
    (dims.length === 1 && width === 1 && rows === -1) ||
    (dims.length === 2 &&
      ((rows === -1 && columns === width) || (rows === 0 && (columns === -1 || columns === width))));
  if (!sound) throw unsupported(`${name} to ${dims.slice(0, 8).join(' × ')}`, 'Export the scores as rows × classes.');
  return register;
}

const make = (length: number, single: boolean): Register => ({ data: new Float64Array(length), single });
const roundOf = (single: boolean): ((x: number) => number) => (single ? Math.fround : Number);

function map({ data, single: was }: Register, single = was, f: (x: number) => number): Compiled {
  const register = make(data.length, single);
  const round = roundOf(single);
  return {
    register,
    step: () => {
      for (let k = 0; k < data.length; k++) register.data[k] = round(f(data[k]!));
    },
  };
}

function after({ data, single }: Register, change: (values: Float64Array) => void): Compiled {
  const register = make(data.length, single);
  return {
    register,
    step: () => {
      register.data.set(data);
      change(register.data);
    },
  };
}

/** Reads element k of an operand, whose one number stands for all. */
function reader(operand: Operand, width: number, name: string): (k: number) => number {
  const data = 'constant' in operand ? operand.constant.data : operand.register.data;
  if (data.length === width) return (k) => data[k]!;
  if (data.length === 1) return () => data[0]!;
  throw malformed(name, `${data.length} numbers meet ${width}`);
}

const lengthOf = (operand: Operand): number =>
  'constant' in operand ? operand.constant.data.length : operand.register.data.length;
const isSingle = (operands: readonly Operand[]): boolean =>
  operands.every((operand) => ('constant' in operand ? operand.constant.type === 'float32' : operand.register.single));

function fold(operands: readonly Operand[], name: string, f: (a: number, b: number) => number, count = 0): Compiled {
  if (count !== 0 && operands.length !== count)
    throw malformed(name, `${operands.length} inputs where ${count} belong`);
  const width = Math.max(...operands.map(lengthOf));
  const single = isSingle(operands);
  const read = operands.map((operand) => reader(operand, width, name));
  const round = roundOf(single);
  const register = make(width, single);
  return {
    register,
    step: () => {
      for (let k = 0; k < width; k++) {
        let value = read[0]!(k);
        for (let i = 1; i < read.length; i++) value = round(f(value, read[i]!(k)));
        register.data[k] = value;
      }
    },
  };
}

function where(operands: readonly Operand[], name: string): Compiled {
  if (operands.length !== 3) throw malformed(name, `${operands.length} inputs where 3 belong`);
  const width = Math.max(...operands.map(lengthOf));
  const [condition, yes, no] = operands.map((operand) => reader(operand, width, name)) as [
    (k: number) => number,
    (k: number) => number,
    (k: number) => number,
  ];
  const register = make(width, isSingle(operands.slice(1)));
  return {
    register,
    step: () => {
      for (let k = 0; k < width; k++) register.data[k] = condition(k) ? yes(k) : no(k);
    },
  };
}

function concat(node: OnnxGraphNode, operands: readonly Operand[], name: string): Compiled {
  const axis = attribute(node, 'axis', 'int');
  if (axis !== 1 && axis !== -1) throw unsupported(`${name} along axis ${axis}`, 'Join columns only.');
  const parts = operands.map((operand) => registerOf(operand, name));
  const width = parts.reduce((sum, { data }) => sum + data.length, 0);
  if (width > MAX_WIDTH) throw malformed(name, `${width} columns are out of bounds`);
  const register = make(width, isSingle(operands));
  return {
    register,
    step: () => {
      let at = 0;
      for (const { data } of parts) {
        register.data.set(data, at);
        at += data.length;
      }
    },
  };
}

function extract(operands: readonly Operand[], name: string): Compiled {
  const [of, indices] = operands;
  if (!of || !indices || !('constant' in indices) || 'constant' in of)
    throw unsupported(`${name} by computed indices`, 'Export the scores, not the labels.');
  const { data, single } = of.register;
  const places = Int32Array.from(indices.constant.data);
  if (places.length === 0 || places.length > MAX_WIDTH || !places.every((at) => at >= 0 && at < data.length))
    throw malformed(name, `indices are out of bounds of ${data.length} columns`);
  const register = make(places.length, single);
  return {
    register,
    step: () => places.forEach((at, k) => (register.data[k] = data[at]!)),
  };
}

function normalizer(norm: string, input: Register, name: string): Compiled {
  if (norm !== 'L1' && norm !== 'L2')
    throw unsupported(`${name}: norm ${JSON.stringify(norm.slice(0, 20))}`, 'Use L1 or L2.');
  return after(input, (values) => {
    let sum = 0;
    for (const x of values) sum = Math.fround(sum + (norm === 'L1' ? Math.abs(x) : Math.fround(x * x)));
    if (sum === 0) return;
    const by = norm === 'L1' ? sum : Math.fround(Math.sqrt(sum));
    for (let k = 0; k < values.length; k++) values[k] = Math.fround(values[k]! / by);
  });
}
