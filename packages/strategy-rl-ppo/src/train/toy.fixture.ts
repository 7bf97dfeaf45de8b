import {
  defaultFeatures,
  defineStrategy,
  USD_COP,
  type AnyStrategy,
  type BookRules,
  type FeatureDefinition,
} from '@signalbox/core';
import type { Tape } from '../tape.js';
import { Random } from './random.js';

/** Of a market whose next bar drifts by what its one feature says: −1, 0 or 1 times `driftBps`, and moves by ± `noiseBps` besides. */
export interface ToyMarket {
  readonly seed: number;
  readonly sessions: number;
  readonly driftBps: number;
  readonly noiseBps: number;
  /** Chance that the drift of the bar after next is that of the next. */
  readonly stay: number;
  /** Of a round trip. */
  readonly costBps: number;
}

export const SLOTS = 30;
const SLOT_MS = 300_000;

/** Without limits, so that the best policy depends on drift, position and time alone. */
export const NO_LIMITS: BookRules = {
  exitAtSessionEnd: true,
  limits: { maxDrawdown: 1, maxSessionLoss: 1, maxEntriesPerSession: 1e9, lossesBeforePause: 1e9, pauseMs: 0 },
};

export const POSITIONS: readonly FeatureDefinition[] = (
  defaultFeatures() as unknown as { position_features: FeatureDefinition[] }
).position_features;

export const toyStrategy = defineStrategy({
  code: 'TOY',
  name: 'Toy',
  type: 'RL',
  apiVersion: 1,
  features: ['drift', ...POSITIONS.map(({ name }) => name)],
  config: {},
  create: () => ({ onBar: () => ({ signal: 'flat', reasoning: 'asked elsewhere' }) }),
}) as unknown as AnyStrategy;

export function toyTape({ seed, sessions, driftBps, noiseBps, stay, costBps }: ToyMarket): Tape {
  const random = new Random(seed);
  const bars = [];
  const slots = [];
  const drifts: number[] = [];
  let drift = 0;
  for (let s = 0; s < sessions; s++) {
    let close = 4000;
    for (let i = 0; i < SLOTS; i++) {
      const open = close;
      const move = driftBps * drift + (random.uniform() < 0.5 ? noiseBps : -noiseBps);
      close = open * (1 + move / 10_000);
      // what the next bar's drift will be is known at the close
      if (random.uniform() >= stay)
        drift = (((drift + 1 + 1 + Math.floor(random.uniform() * 2)) % 3) - 1) as -1 | 0 | 1;
      drifts.push(drift);
      const time = (s * SLOTS + i) * SLOT_MS;
      bars.push({ time, open, high: Math.max(open, close), low: Math.min(open, close), close, volume: 0 });
      slots.push({ session: `s${s}`, index: i, ordinal: s * SLOTS + i, last: i === SLOTS - 1 });
    }
  }
  const fill = (x: number) => new Float64Array(bars.length).fill(x);
  return {
    instrument: USD_COP,
    slotMs: SLOT_MS,
    slotsPerSession: SLOTS,
    bars,
    slots,
    names: ['drift'],
    values: Float64Array.from(drifts),
    status: new Uint8Array(bars.length),
    // stops and targets so far away that no session reaches them
    atr14: fill(4000 * 0.006),
    volatilityRank: fill(0.5),
    costBps: fill(costBps),
    quality: new Uint8Array(bars.length),
    firstCostBps: costBps,
    sessions: Array.from({ length: sessions + 1 }, (_, s) => s * SLOTS),
  };
}

/** The best policy by dynamic programming: for drift, position and bar the position to hold, and what a session is worth in basis points of the account. */
export function bestPolicy({ driftBps, stay, costBps }: ToyMarket, size: number) {
  const fee = costBps / 2;
  const move = (from: number, to: number): number => (from === to ? stay : (1 - stay) / 2);
  const sides = [-1, 0, 1] as const;
  // value[drift][position] after the decisions of the bars behind
  let value = sides.map(() => sides.map((position) => -Math.abs(position) * fee));
  const choice: number[][][] = [];
  // the decision of the last slot opens nothing; that of the one before it is filled in the last and closed at its end
  for (let i = SLOTS - 2; i >= 0; i--) {
    const at = sides.map((drift, d) =>
      sides.map((held) => {
        let best = -Infinity;
        let chosen = 0;
        for (const [k, wanted] of sides.entries()) {
          // nothing opens in the last slot
          const allowed = i === SLOTS - 2 ? (wanted === held ? held : 0) : wanted;
          const next = allowed + 1;
          const later = sides.reduce<number>((sum, _, e) => sum + move(d, e) * value[e]![next]!, 0);
          const now = allowed * driftBps * drift - fee * Math.abs(allowed - held);
          if (now + later > best + 1e-12) {
            best = now + later;
            chosen = sides[k]!;
          }
        }
        return { best, chosen };
      }),
    );
    value = at.map((row) => row.map(({ best }) => best));
    choice[i] = at.map((row) => row.map(({ chosen }) => chosen));
  }
  // the drift at a session's first close is anything alike
  const worth = (size * (value[0]![1]! + value[1]![1]! + value[2]![1]!)) / 3;
  return { worth, wanted: (drift: number, held: number, slot: number) => choice[slot]?.[drift + 1]?.[held + 1] ?? 0 };
}
