import type { Tape } from '../tape.js';
import type { Normaliser } from './network.js';

/** Mean and standard deviation of what a position's features can be; those of the market are measured. */
const OWN: Readonly<Record<string, readonly [number, number]>> = {
  position: [0, 1],
  unrealized_pnl: [0, 0.005],
  bars_held: [0.2, 0.25],
  slots_left: [0.5, 0.29],
};

export interface Usual {
  readonly mean: number;
  readonly sd: number;
}

/** What is usual of each feature in the training sessions: nothing is fitted on the others. */
export function usualOf(tape: Tape, features: readonly string[], sessions: readonly number[]): Usual[] {
  const width = tape.names.length;
  return features.map((name) => {
    const column = tape.names.indexOf(name);
    if (column < 0) {
      const [mean, sd] = OWN[name] ?? [0, 1];
      return { mean, sd };
    }
    let [n, mean, square] = [0, 0, 0];
    for (const session of sessions)
      for (let i = tape.sessions[session]!; i < tape.sessions[session + 1]!; i++) {
        if (tape.status[i * width + column] !== 0) continue;
        const distance = tape.values[i * width + column]! - mean;
        mean += distance / ++n;
        square += distance * (tape.values[i * width + column]! - mean);
      }
    const sd = Math.sqrt(square / Math.max(1, n));
    return { mean, sd: sd > 1e-12 ? sd : 1 };
  });
}

export function normaliserOf(usual: readonly Usual[]): Normaliser {
  return { mean: Float32Array.from(usual, ({ mean }) => mean), scale: Float32Array.from(usual, ({ sd }) => 1 / sd) };
}
