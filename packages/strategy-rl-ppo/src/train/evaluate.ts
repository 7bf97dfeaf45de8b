import { playBaselines, type Bar, type BaselineName, type Opinion, type Position } from '@signalbox/core';
import type { Player } from '../tape.js';

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
export type Act = (view: { readonly vector: Float64Array; readonly position: Position; readonly bar: Bar }) => Opinion;

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

/** Always flat, always long, and random entries as many as the policy's; session by session through the same book. */
export async function baselines(
  player: Player,
  sessions: ArrayLike<number>,
  like: Pick<Evaluation, 'entries'>,
): Promise<Readonly<Record<BaselineName, Evaluation>>> {
  const { tape } = player;
  return playBaselines<Evaluation>({
    turnover: like.entries,
    bars: Array.from(sessions).reduce((sum, s) => sum + tape.sessions[s + 1]! - tape.sessions[s]!, 0),
    play: (_, act) => {
      const { earned: _earned, ...rest } = evaluate(player, sessions, ({ bar }) => act(bar.time));
      return rest;
    },
    entries: ({ entries }) => entries,
  });
}
