import { SignalboxError } from '../errors.js';
import type { ModelOutput } from './manifest.js';
import type { Opinion } from './opinion.js';

/** Predicted returns of at most this size have no direction, unless a configuration says otherwise. */
export const DEAD_ZONE_BPS = 2;
/** Dead zones at which a predicted return counts fully. */
const FULL_SCORE = 5;

const THREE = ['short', 'flat', 'long'] as const;
const TWO = ['short', 'long'] as const;

/** A model's numbers for one row, and facts to add to the reasoning, to an opinion. */
export type ModelOpinion = (numbers: ArrayLike<number>, facts: string) => Opinion;

/**
 * How the numbers of a model become an opinion (spec, section 5), by what its manifest says they are:
 * probabilities of short, flat and long; of short and long (one number, p(long), or both); or a predicted return.
 *
 * @param outputs numbers that the model gives per row
 * @throws SignalboxError MODEL_UNSUPPORTED for another output, naming strategy and output
 */
export function modelOpinion(
  code: string,
  output: ModelOutput,
  outputs: number,
  deadZoneBps: number = DEAD_ZONE_BPS,
): ModelOpinion {
  const { kind } = output;
  const classes = String(output.classes ?? []);
  if (kind === 'probabilities' && classes === String(THREE) && outputs === 3) return threeClassOpinion;
  if (kind === 'probabilities' && classes === String(TWO) && outputs === 1)
    return (numbers, facts) => binaryOpinion(numbers[0]!, facts);
  if (kind === 'probabilities' && classes === String(TWO) && outputs === 2)
    return (numbers, facts) => binaryOpinion(numbers[1]!, facts);
  if (kind === 'regression' && outputs === 1)
    return (numbers, facts) => regressionOpinion(numbers[0]!, deadZoneBps, facts);
  throw new SignalboxError(
    'MODEL_UNSUPPORTED',
    `${code} takes probabilities of ${THREE.join(', ')} or of ${TWO.join(', ')}, or one predicted return; the manifest says ${kind} of ${output.classes?.join(', ') ?? 'no classes'}, the model gives ${outputs} outputs.`,
    'Train a classifier with the classes 0 short, 1 flat, 2 long or 0 short, 1 long, or a regression, and say so in the manifest.',
  );
}

/**
 * Probabilities of short, flat and long: the direction is the largest (a tie is flat), the confidence that probability, the score
 * p(long) − p(short).
 */
export function threeClassOpinion(probabilities: ArrayLike<number>, facts: string): Opinion {
  const [short, flat, long] = [probabilities[0]!, probabilities[1]!, probabilities[2]!];
  const largest = Math.max(short, flat, long);
  const reasoning = sentence(
    `p(short) ${short.toFixed(3)}, p(flat) ${flat.toFixed(3)}, p(long) ${long.toFixed(3)}`,
    facts,
  );
  const tied = [short, flat, long].filter((p) => p === largest).length > 1;
  if (tied || largest === flat) return { signal: 'flat', confidence: largest, reasoning };
  return { signal: largest === long ? 'long' : 'short', confidence: largest, score: long - short, reasoning };
}

/** p(long) of two classes: above .5 long, below short, the confidence max(p, 1 − p), the score 2p − 1. */
export function binaryOpinion(long: number, facts: string): Opinion {
  const reasoning = sentence(`p(short) ${(1 - long).toFixed(3)}, p(long) ${long.toFixed(3)}`, facts);
  const confidence = Math.max(long, 1 - long);
  if (long === 0.5) return { signal: 'flat', confidence, reasoning };
  return { signal: long > 0.5 ? 'long' : 'short', confidence, score: 2 * long - 1, reasoning };
}

/**
 * A predicted return (0.0002 is 2 bp): within the dead zone flat; else the score is the return over five dead zones, at most ±1, and the
 * confidence its size. Such a confidence is no probability: size begins at 0, not at .5.
 */
export function regressionOpinion(prediction: number, deadZoneBps: number, facts: string): Opinion {
  const bps = prediction * 10_000;
  const reasoning = sentence(
    `predicted return ${bps < 0 ? '−' : '+'}${Math.abs(bps).toFixed(2)} bp, dead zone ${deadZoneBps} bp`,
    facts,
  );
  if (Math.abs(bps) <= deadZoneBps) return { signal: 'flat', reasoning };
  const score = Math.max(-1, Math.min(1, bps / (FULL_SCORE * deadZoneBps)));
  return { signal: score > 0 ? 'long' : 'short', confidence: Math.abs(score), confidenceFloor: 0, score, reasoning };
}

function sentence(numbers: string, facts: string): string {
  return `${numbers}${facts && `; ${facts}`}.`;
}
