import type { Network } from '@signalbox/onnx';
import type { Player } from '../tape.js';
import { targetOpinion } from '../target.js';
import type { Normaliser } from './network.js';
import type { Random } from './random.js';

/** Basis points of the account in one reward. */
export const REWARD_BPS = 2;
const HALF_LOG_TAU = 0.5 * Math.log(2 * Math.PI);

/** Decisions of some sessions, in order; `last` marks the end of a session. */
export interface Rollout {
  readonly observations: Float32Array;
  readonly actions: Float32Array;
  readonly logProbabilities: Float32Array;
  readonly rewards: Float32Array;
  readonly last: Uint8Array;
  readonly count: number;
}

export interface RolloutOptions {
  readonly player: Player;
  readonly sessions: ArrayLike<number>;
  /** Gives the mean of the action. */
  readonly mean: Network;
  readonly logStd: number;
  readonly normaliser: Normaliser;
  readonly threshold: number;
  readonly random: Random;
}

/**
 * Plays sessions with actions drawn around the policy's. What a decision earns is the change of the account until the next one, fills
 * and costs included, as core's step settles them; the last slot of a session takes no decision, because nothing opens in it.
 */
export function rollOut(options: RolloutOptions): Rollout {
  const { player, sessions, mean, logStd, normaliser, threshold, random } = options;
  const { tape, initialEquity } = player;
  const width = mean.inputs;
  let room = 0;
  for (let s = 0; s < sessions.length; s++) room += tape.sessions[sessions[s]! + 1]! - tape.sessions[sessions[s]!]!;
  const observations = new Float32Array(room * width);
  const actions = new Float32Array(room);
  const logProbabilities = new Float32Array(room);
  const rewards = new Float32Array(room);
  const last = new Uint8Array(room);
  const out = new Float64Array(mean.outputs);
  const sd = Math.exp(logStd);
  let count = 0;
  for (let s = 0; s < sessions.length; s++) {
    const first = count;
    let equity = initialEquity;
    // decisions before the bar at hand
    let before = count;
    void player.play(
      sessions[s]!,
      ({ vector, position }, i) => {
        if (tape.slots[i]!.last) return targetOpinion(0, position, 1, '');
        const center = mean.predict(vector, out)[0]!;
        const action = Math.fround(center + sd * random.normal());
        for (let k = 0; k < width; k++)
          observations[count * width + k] = (vector[k]! - normaliser.mean[k]!) * normaliser.scale[k]!;
        actions[count] = action;
        logProbabilities[count] = -0.5 * ((action - center) / sd) ** 2 - logStd - HALF_LOG_TAU;
        count++;
        return targetOpinion(Math.max(-1, Math.min(1, action)), position, threshold, '');
      },
      ({ mark }) => {
        // a bar's settlement pays the decision before it
        const change = ((mark.equity - equity) / initialEquity) * (10_000 / REWARD_BPS);
        equity = mark.equity;
        if (before > first) rewards[before - 1]! += change;
        before = count;
      },
    );
    if (count > first) last[count - 1] = 1;
  }
  return { observations, actions, logProbabilities, rewards, last, count };
}
