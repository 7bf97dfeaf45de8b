import type { Objective } from './forest-model.js';
import { malformed, unsupported } from './model-error.js';

type Transform = Objective['transform'];

const each =
  (f: (sum: number) => number): Transform =>
  (sums, count, out, at) => {
    for (let k = 0; k < count; k++) out[at + k] = f(sums[k]!);
  };

const identity = each((x) => x);
const exponential = each(Math.exp);
const logistic = (steepness: number): Transform => each((x) => 1 / (1 + Math.exp(-steepness * x)));

const softmax: Transform = (sums, count, out, at) => {
  let max = sums[0]!;
  for (let k = 1; k < count; k++) max = Math.max(max, sums[k]!);
  let total = 0;
  for (let k = 0; k < count; k++) total += out[at + k] = Math.exp(sums[k]! - max);
  for (let k = 0; k < count; k++) out[at + k] = out[at + k]! / total;
};

/** Options stand after the name: `binary sigmoid:1`. */
type Options = ReadonlyMap<string, string>;

const OBJECTIVES: ReadonlyMap<string, (options: Options) => Transform> = new Map([
  // `sqrt`: trained on the signed root of the label
  ...['regression', 'regression_l1', 'fair', 'quantile', 'mape'].map(
    (name): [string, (options: Options) => Transform] => [
      name,
      (options) => (options.has('sqrt') ? each((x) => Math.sign(x) * x * x) : identity),
    ],
  ),
  ...['huber', 'lambdarank', 'rank_xendcg', 'custom'].map((name): [string, () => Transform] => [name, () => identity]),
  ...['poisson', 'gamma', 'tweedie'].map((name): [string, () => Transform] => [name, () => exponential]),
  ['binary', (options) => logistic(sigmoidOf(options))],
  ['multiclassova', (options) => logistic(sigmoidOf(options))],
  ['multiclass', () => softmax],
  ['cross_entropy', () => logistic(1)],
  ['cross_entropy_lambda', () => each((x) => Math.log1p(Math.exp(x)))],
]);

/**
 * @param line the header's objective, or undefined for a model that was trained with a function of its own: its sums are the prediction
 * @param average number of rounds to divide the sums by (random forests), or 1
 */
export function lightgbmObjective(line: string | undefined, outputs: number, average: number): Objective {
  const [name = '', ...rest] = (line ?? 'custom').split(' ');
  const options: Options = new Map(
    rest.map((token) => {
      const colon = token.indexOf(':');
      return colon < 0 ? [token, ''] : [token.slice(0, colon), token.slice(colon + 1)];
    }),
  );
  const make = OBJECTIVES.get(name);
  if (!make)
    throw unsupported(
      `objective ${JSON.stringify(name.slice(0, 80))}`,
      `Train with one of: ${[...OBJECTIVES.keys()].join(', ')}.`,
    );
  const classes = options.get('num_class');
  if (classes !== undefined && classes !== String(outputs))
    throw malformed('the header', `objective ${name} has ${classes.slice(0, 20)} classes, a round ${outputs} trees`);
  const transform = make(options);
  if (average === 1) return { name, transform };
  return {
    name,
    transform(sums, count, out, at) {
      for (let k = 0; k < count; k++) sums[k] = sums[k]! / average;
      transform(sums, count, out, at);
    },
  };
}

function sigmoidOf(options: Options): number {
  const text = options.get('sigmoid') ?? '1';
  const number = /^\d+(?:\.\d*)?(?:[eE][-+]?\d+)?$/.test(text) ? Number(text) : NaN;
  if (!(number > 0 && Number.isFinite(number)))
    throw malformed('the header', `sigmoid is ${JSON.stringify(text.slice(0, 40))}, not a number above 0`);
  return number;
}
