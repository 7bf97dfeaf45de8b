import type { Objective } from './forest-model.js';
import { unsupported } from './model-error.js';

const f32 = Math.fround;

/** An XGBoost objective: what it does with margins, and how the file's base score becomes one. All in float32. */
export interface XGBoostObjective extends Objective {
  /** The file states the base score as a prediction; this is its margin. */
  baseMargin(score: number): number;
}

type Transform = Objective['transform'];

const each =
  (f: (margin: number) => number): Transform =>
  (sums, count, out, at) => {
    for (let k = 0; k < count; k++) out[at + k] = f(sums[k]!);
  };

const same = (x: number): number => x;
const identity = each(same);
const exponential = each((x) => f32(Math.exp(x)));
/** Exponentials in float32; the bound keeps them finite. */
const logistic = each((x) => {
  const power = f32(Math.exp(f32(Math.min(-x, f32(88.7)))));
  return f32(1 / f32(f32(power + 1) + f32(1e-16)));
});

/** Exponentials and quotients in float32, their sum in float64. */
const softmax: Transform = (sums, count, out, at) => {
  let max = sums[0]!;
  for (let k = 1; k < count; k++) max = Math.max(max, sums[k]!);
  let sum = 0;
  for (let k = 0; k < count; k++) {
    const power = f32(Math.exp(f32(sums[k]! - max)));
    out[at + k] = power;
    sum += power;
  }
  const total = f32(sum);
  for (let k = 0; k < count; k++) out[at + k] = f32(out[at + k]! / total);
};

/** The class of the largest margin, of equal ones the first. */
const largest: Transform = (sums, count, out, at) => {
  let best = 0;
  for (let k = 1; k < count; k++) if (sums[k]! > sums[best]!) best = k;
  out[at] = best;
};

const logit = (p: number): number => f32(-f32(Math.log(f32(f32(1 / p) - 1))));
const log = (x: number): number => f32(Math.log(x));

interface Kind {
  readonly transform: Transform;
  readonly baseMargin: (score: number) => number;
  /** For every number of margins one prediction. */
  readonly picks?: true;
}

const kinds = (transform: Transform, baseMargin: Kind['baseMargin'], ...names: string[]): [string, Kind][] =>
  names.map((name) => [name, { transform, baseMargin }]);

const OBJECTIVES: ReadonlyMap<string, Kind> = new Map([
  ...kinds(logistic, logit, 'binary:logistic', 'reg:logistic'),
  ...kinds(identity, same, 'binary:logitraw'),
  ...kinds(
    each((x) => (x > 0 ? 1 : 0)),
    same,
    'binary:hinge',
  ),
  ...kinds(softmax, same, 'multi:softprob'),
  ['multi:softmax', { transform: largest, baseMargin: same, picks: true }],
  ...kinds(
    identity,
    same,
    'reg:squarederror',
    'reg:linear',
    'reg:squaredlogerror',
    'reg:absoluteerror',
    'reg:pseudohubererror',
    'reg:quantileerror',
    'rank:pairwise',
    'rank:ndcg',
    'rank:map',
  ),
  ...kinds(exponential, log, 'count:poisson', 'reg:gamma', 'reg:tweedie', 'survival:cox', 'survival:aft'),
]);

export function objectiveOf(name: string): XGBoostObjective {
  const kind = OBJECTIVES.get(name);
  if (!kind)
    throw unsupported(
      `objective ${JSON.stringify(name.slice(0, 80))}`,
      `Train with one of: ${[...OBJECTIVES.keys()].join(', ')}.`,
    );
  return {
    name,
    baseMargin: kind.baseMargin,
    transform: kind.transform,
    ...(kind.picks && { outputs: () => 1 }),
  };
}
