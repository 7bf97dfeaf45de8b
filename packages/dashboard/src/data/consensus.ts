import type { Direction, LatestSignal } from './types.js';

/** What one member brought into the ensemble's vote. */
export interface Vote {
  readonly code: string;
  /** Share of the weight of those that answered, 0–1. */
  readonly share: number;
  /** −1 … 1. */
  readonly score: number;
}

/** The ensemble's vote on one bar. */
export interface Consensus {
  readonly code: string;
  readonly barTime: string;
  readonly direction: Direction;
  /** Weighted mean of those that answered, −1 … 1. */
  readonly score: number;
  /** Weight behind its sign, of that of those that answered, 0–1. */
  readonly agreement: number;
  /** Weight of the members that answered, of all active ones. */
  readonly answered: number;
  readonly configured: number;
  readonly votes: readonly Vote[];
  readonly silent: readonly { readonly code: string; readonly why: string }[];
}

const TALLY = /score ([+−-]?[\d.]+), consensus ([\d.]+), weight ([\d.]+) of ([\d.]+); (.*)\.$/;
const VOTE = /(?:^|, )([A-Z][A-Z0-9_]*) ([\d.]+) × ([+−-]?[\d.]+)/g;
const SILENT = /(?:^|, )([A-Z][A-Z0-9_]*) silent \(([^)]*)\)/g;

const number = (text: string | undefined): number => Number((text ?? '').replace('−', '-'));

/**
 * Reads the vote out of the ensemble's words, which name members, weights and scores; null where they are not such words. The
 * API has no other place for it: a signal's reasoning is the same for every strategy.
 */
export function consensusOf(signals: readonly LatestSignal[]): Consensus | null {
  const said = signals.find((signal) => signal.strategy_type === 'ENSEMBLE');
  const found = TALLY.exec(said?.reasoning ?? '');
  if (!said || !found) return null;
  const [, score, agreement, answered, configured, members = ''] = found;
  const weighed = [...members.matchAll(VOTE)].map(([, code = '', weight, own]) => ({
    code,
    weight: number(weight),
    score: number(own),
  }));
  const sum = weighed.reduce((total, { weight }) => total + weight, 0);
  return {
    code: said.strategy_code,
    barTime: said.bar_time,
    direction: said.signal,
    score: number(score),
    agreement: number(agreement),
    answered: number(answered),
    configured: number(configured),
    votes: weighed.map(({ code, weight, score: own }) => ({ code, share: sum > 0 ? weight / sum : 0, score: own })),
    silent: [...members.matchAll(SILENT)].map(([, code = '', why = '']) => ({ code, why })),
  };
}
