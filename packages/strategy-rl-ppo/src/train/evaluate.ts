import type { Opinion, Position } from '@signalbox/core';
import type { Player } from '../tape.js';
import { Random } from './random.js';

/** What a way of acting earned, session by session. */
export interface Evaluation {
  readonly sessions: number;
  /** Basis points of the account a session, and its standard error. */
  readonly mean_bps: number;
  readonly standard_error_bps: number;
  readonly entries: number;
  /** Bars in a position over all bars. */
  readonly exposure: number;
}

/** A way of acting: the position wanted at a bar, by an opinion. */
export type Act = (view: { readonly vector: Float64Array; readonly position: Position }) => Opinion;

/** Plays sessions once; a fresh account in each. */
export function evaluate(
  player: Player,
  sessions: ArrayLike<number>,
  act: Act,
): Evaluation & { readonly earned: number[] } {
  const earned: number[] = [];
  let entries = 0;
  let held = 0;
  let bars = 0;
  for (let s = 0; s < sessions.length; s++) {
    let equity = player.initialEquity;
    void player.play(
      sessions[s]!,
      (view) => act(view),
      (part) => {
        equity = part.mark.equity;
        entries += part.fills.filter((fill) => fill.action === 'open').length;
        if (part.position) held++;
        bars++;
      },
    );
    earned.push((equity / player.initialEquity - 1) * 10_000);
  }
  const n = earned.length;
  const mean = earned.reduce((a, b) => a + b, 0) / Math.max(1, n);
  const variance = earned.reduce((a, b) => a + (b - mean) ** 2, 0) / Math.max(1, n - 1);
  return {
    earned,
    sessions: n,
    mean_bps: mean,
    standard_error_bps: Math.sqrt(variance / Math.max(1, n)),
    entries,
    exposure: held / Math.max(1, bars),
  };
}

const direction = (signal: 'long' | 'short'): Opinion => ({
  signal,
  confidence: 1,
  score: signal === 'long' ? 1 : -1,
  reasoning: 'a baseline',
});
const STAY: Opinion = { signal: 'flat', reasoning: 'a baseline' };
const LEAVE: Opinion = { signal: 'close', reasoning: 'a baseline' };

/** Always flat, always long, and random directions entered and left as often as the policy did; through the same book. */
export function baselines(
  player: Player,
  sessions: ArrayLike<number>,
  like: Evaluation,
  seed: number,
): Readonly<Record<'flat' | 'long' | 'random', Evaluation>> {
  const bars = Array.from(sessions).reduce(
    (sum, s) => sum + player.tape.sessions[s + 1]! - player.tape.sessions[s]!,
    0,
  );
  const idle = Math.max(1, bars * (1 - like.exposure));
  const enter = Math.min(1, like.entries / idle);
  const leave = Math.min(1, like.entries / Math.max(1, bars * like.exposure));
  const random = new Random(seed);
  const plain = ({ earned: _, ...rest }: Evaluation & { readonly earned: number[] }): Evaluation => rest;
  return {
    flat: plain(evaluate(player, sessions, () => STAY)),
    long: plain(evaluate(player, sessions, () => direction('long'))),
    random: plain(
      evaluate(player, sessions, ({ position }) => {
        const draw = random.uniform();
        if (position.side !== 'flat') return draw < leave ? LEAVE : STAY;
        return draw < enter ? direction(random.uniform() < 0.5 ? 'long' : 'short') : STAY;
      }),
    ),
  };
}
