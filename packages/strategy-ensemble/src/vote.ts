import type { MemberOpinion } from '@signalbox/core';

export type Direction = 'long' | 'short';

/** What the members say of one bar, weighed. */
export interface Vote {
  readonly code: string;
  readonly weight: number;
  /** −1 … 1; 0 for flat and close. */
  readonly score: number;
  /** The side of the member's own position that it leaves. */
  readonly closes: Direction | undefined;
}

export interface Tally {
  /** Members that answered. */
  readonly votes: readonly Vote[];
  /** Active members that did not, and why. */
  readonly silent: readonly { readonly code: string; readonly why: string }[];
  /** Weight of the members that answered; weight of all active ones. */
  readonly answered: number;
  readonly configured: number;
  /** Weighted mean score of those that answered, −1 … 1. */
  readonly score: number;
  readonly direction: Direction | null;
  /** Share of the answered weight on the side of `score`. */
  readonly consensus: number;
}

/** Half, but for rounding: .3 of .1 + .2 + .3 is half. */
export const HALF = 0.5 - 1e-9;
/** A weighted mean this small is rounding, not an opinion. */
const ZERO = 1e-12;

/** A member that is not active is absent from `opinions` and counts nowhere; `none` is no answer. */
export function tally(
  weights: Readonly<Record<string, number>>,
  opinions: Readonly<Record<string, MemberOpinion | undefined>>,
): Tally {
  const votes: Vote[] = [];
  const silent: { code: string; why: string }[] = [];
  let configured = 0;
  let answered = 0;
  let sum = 0;
  for (const [code, weight] of Object.entries(weights)) {
    const opinion = opinions[code];
    if (!opinion || !(weight > 0)) continue;
    configured += weight;
    if (opinion.signal === 'none') {
      silent.push({ code, why: opinion.code });
      continue;
    }
    const score = scoreOf(opinion);
    votes.push({ code, weight, score, closes: opinion.signal === 'close' ? opinion.closes : undefined });
    answered += weight;
    sum += weight * score;
  }
  const score = answered > 0 && Math.abs(sum / answered) > ZERO ? sum / answered : 0;
  const direction = score === 0 ? null : score > 0 ? 'long' : 'short';
  const consensus = direction ? weightOn(votes, direction) / answered : 0;
  return { votes, silent, answered, configured, score, direction, consensus };
}

/** Weight of the members whose score has the sign of a direction. */
export function weightOn(votes: readonly Vote[], direction: Direction): number {
  const sign = direction === 'long' ? 1 : -1;
  return votes.reduce((sum, vote) => (vote.score * sign > 0 ? sum + vote.weight : sum), 0);
}

/** The member's own score (an RL action, p(long) − p(short)), else ± its confidence. */
function scoreOf(opinion: MemberOpinion): number {
  if (opinion.signal !== 'long' && opinion.signal !== 'short') return 0;
  return opinion.score ?? (opinion.signal === 'long' ? opinion.confidence : -opinion.confidence);
}
