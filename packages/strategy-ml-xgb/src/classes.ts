import type { Opinion } from '@signalbox/core';

/** Order of the model's outputs. */
export const CLASSES = ['short', 'flat', 'long'] as const;

/**
 * Class probabilities to an opinion: the direction is the largest probability (a tie is flat), the confidence that probability, the
 * score p(long) − p(short).
 */
export function opinionOf(probabilities: ArrayLike<number>, facts: string): Opinion {
  const [short, flat, long] = [probabilities[0]!, probabilities[1]!, probabilities[2]!];
  const largest = Math.max(short, flat, long);
  const reasoning = `p(short) ${short.toFixed(3)}, p(flat) ${flat.toFixed(3)}, p(long) ${long.toFixed(3)}${facts && `; ${facts}`}.`;
  const tied = [short, flat, long].filter((p) => p === largest).length > 1;
  if (tied || largest === flat) return { signal: 'flat', confidence: largest, reasoning };
  return { signal: largest === long ? 'long' : 'short', confidence: largest, score: long - short, reasoning };
}
