import { malformed, unsupported } from '../model-error.js';
import { attribute, nameOf, numbers, type OnnxGraphNode } from './graph.js';

/** What an operator makes of the sums of its trees. */
export interface Scores {
  /** Adds base values, in place; divides where the trees are averaged. */
  settle(sums: Float64Array): void;
  /** Numbers that come out. */
  readonly width: number;
  transform(sums: Float64Array, out: Float64Array): void;
  /** For people: `TreeEnsembleClassifier SOFTMAX`. */
  readonly name: string;
}

type Transform = (values: Float64Array) => void;
const f32 = Math.fround;
const REFUSED = 'Convert the model with a current onnxmltools or skl2onnx, or use the library’s native file.';

/**
 * Aggregation, base values and transform as onnxruntime computes them. Where it contradicts the ONNX specification or its reference
 * implementation, nothing is guessed: that kind is refused.
 */
export function scoresOf(
  node: OnnxGraphNode,
  sums: number,
  trees: number,
  usedOutputs: ReadonlySet<number>,
  single: boolean,
): Scores {
  const five = node.op === 'TreeEnsemble';
  const post = five
    ? TRANSFORM_NAMES[attribute(node, 'post_transform', 'int') ?? 0]
    : (attribute(node, 'post_transform', 'string') ?? 'NONE');
  const transform = post !== undefined && Object.hasOwn(TRANSFORMS, post) ? TRANSFORMS[post] : undefined;
  if (post === undefined || !transform)
    throw unsupported(
      `${nameOf(node)}: post_transform ${JSON.stringify(post)}`,
      `Use one of ${TRANSFORM_NAMES.join(', ')}.`,
    );
  const divisor = aggregateOf(node, five) === 'AVERAGE' ? trees : 1;
  const base = five ? [] : Array.from(numbers(node, 'base_values'));
  if (!base.every(Number.isFinite)) throw malformed(nameOf(node), 'a base value is not a finite number');
  const name = `${node.op} ${post}`;
  const refuse = (what: string): Error => unsupported(`${nameOf(node)}: ${what}`, REFUSED);
  const settleWith =
    (values: readonly number[]) =>
    (found: Float64Array): void => {
      const round = single ? f32 : Number;
      for (let k = 0; k < values.length; k++) {
        if (divisor !== 1) found[k] = round(found[k]! / divisor);
        found[k] = round(found[k]! + values[k]!);
      }
    };
  const copy = (found: Float64Array, out: Float64Array, width: number): void => {
    for (let k = 0; k < width; k++) out[k] = found[k]!;
  };

  if (node.op === 'TreeEnsembleClassifier' && sums === 2 && usedOutputs.size <= 1) {
    // one score for two classes: the other is its opposite
    if (usedOutputs.has(1)) throw refuse('two classes with scores of the second alone');
    if (base.length > 1) throw refuse('two classes with one score and two base values');
    if (post !== 'NONE' && post !== 'LOGISTIC') throw refuse(`post_transform ${post} of two classes with one score`);
    const complement = post === 'NONE' && allPositive(node);
    return {
      name,
      settle: settleWith([base[0] ?? 0, 0]),
      width: 2,
      transform(found, out) {
        const score = found[0]!;
        if (complement) [out[0], out[1]] = [f32(1 - score), score];
        else if (post === 'NONE') [out[0], out[1]] = [-score, score];
        else [out[0], out[1]] = [logistic(-score), logistic(score)];
      },
    };
  }
  if (node.op === 'TreeEnsembleClassifier' && sums === 2 && base.length > 0)
    throw refuse('two classes with two scores and base values');
  if (sums === 1 && post !== 'NONE' && post !== 'PROBIT') throw refuse(`post_transform ${post} of one output`);
  if (base.length !== 0 && base.length !== sums)
    throw malformed(nameOf(node), `${base.length} base values for ${sums} outputs`);
  return {
    name,
    settle: settleWith(base.length === 0 ? new Array<number>(sums).fill(0) : base),
    width: sums,
    transform(found, out) {
      copy(found, out, sums);
      transform(out);
    },
  };
}

const allPositive = (node: OnnxGraphNode): boolean => Array.from(numbers(node, 'class_weights')).every((w) => w >= 0);

const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'];

function aggregateOf(node: OnnxGraphNode, five: boolean): string {
  const name = five
    ? AGGREGATES[attribute(node, 'aggregate_function', 'int') ?? 1]
    : (attribute(node, 'aggregate_function', 'string') ?? 'SUM');
  if (name !== 'SUM' && name !== 'AVERAGE')
    throw unsupported(`${nameOf(node)}: aggregate_function ${JSON.stringify(name)}`, 'Use SUM or AVERAGE.');
  return name;
}

/** As TreeEnsemble 5 numbers them. */
const TRANSFORM_NAMES = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'];
const NEAR_ZERO = f32(1e-7);

const each =
  (f: (x: number) => number): Transform =>
  (values) => {
    for (let k = 0; k < values.length; k++) values[k] = f(values[k]!);
  };

export const logistic = (x: number): number => {
  const v = f32(1 / f32(1 + f32(Math.exp(-Math.abs(x)))));
  return x < 0 ? f32(1 - v) : v;
};

export const softmax: Transform = (values) => {
  let max = -Infinity;
  for (const x of values) max = Math.max(max, x);
  let sum = 0;
  for (let k = 0; k < values.length; k++) {
    values[k] = f32(Math.exp(f32(values[k]! - max)));
    sum = f32(sum + values[k]!);
  }
  for (let k = 0; k < values.length; k++) values[k] = f32(values[k]! / sum);
};

/** What is zero stays zero. */
const softmaxZero: Transform = (values) => {
  let max = -Infinity;
  for (const x of values) max = Math.max(max, x);
  const least = f32(Math.exp(-max));
  let sum = 0;
  for (let k = 0; k < values.length; k++) {
    const x = values[k]!;
    if (x > NEAR_ZERO || x < -NEAR_ZERO) {
      values[k] = f32(Math.exp(f32(x - max)));
      sum = f32(sum + values[k]!);
    } else values[k] = f32(x * least);
  }
  for (let k = 0; k < values.length; k++) values[k] = f32(values[k]! / sum);
};

/** The quantile of the normal distribution, by the approximation of the inverse error function (Winitzki) that runtimes use. */
const probit = (p: number): number => {
  const x = f32(2 * p - 1);
  const log = f32(Math.log(f32(f32(1 - x) * f32(1 + x))));
  const a = f32(0.147);
  const v = f32(f32(2 / f32(f32(3.14159) * a)) + f32(0.5 * log));
  const w = f32(f32(1 / a) * log);
  const root = f32(Math.sqrt(f32(f32(v * v) - w)));
  return f32(f32(Math.SQRT2) * f32((x < 0 ? -1 : 1) * f32(Math.sqrt(f32(root - v)))));
};

const TRANSFORMS: Readonly<Record<string, Transform>> = {
  NONE: () => {},
  LOGISTIC: each(logistic),
  SOFTMAX: softmax,
  SOFTMAX_ZERO: softmaxZero,
  PROBIT: each(probit),
};
