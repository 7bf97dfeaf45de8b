import { isPromise, type Instrument } from '@signalbox/core';
import { builtinPolicy, type Policy } from '../policy.js';
import type { Player, Tape } from '../tape.js';
import { readAction } from '../target.js';
import { playPolicy, tapeOf, type GoldenTrajectory } from '../trajectory.js';
import type * as Core from '@tensorflow/tfjs-core';
import type { Normaliser } from './network.js';
import type { Layer } from './parameters.js';
import { Player as Table, type PositionDefinitions } from '../tape.js';

const ROWS = 21;
const TRAJECTORIES = 2;
/** A trajectory with an action this near to the threshold could turn on a rounding. */
const CLEAR = 1e-3;

/** Rows that the policy met in the held sessions, two extreme ones among them, with TensorFlow's own numbers. */
export function goldenRows(
  tf: typeof Core,
  player: Player,
  sessions: readonly number[],
  policy: Policy,
  threshold: number,
  layers: readonly Layer[],
  normaliser: Normaliser,
): { rows: number[][]; outputs: number[][] } {
  const met: number[][] = [];
  const watched: Policy = {
    ...policy,
    predict: (row) => {
      met.push(Array.from(row));
      return policy.predict(row);
    },
  };
  for (const session of sessions.slice(0, 20))
    void playPolicy(player, session, watched, readAction({ kind: 'action' }, 1), threshold);
  const rows = Array.from(
    { length: ROWS - 2 },
    (_, i) => met[Math.floor(((i + 0.5) * met.length) / (ROWS - 2))]!,
  ).filter(Boolean);
  const width = layers[0]!.inputs;
  rows.push(new Array<number>(width).fill(0));
  rows.push(Array.from({ length: width }, (_, k) => normaliser.mean[k]! + (k % 2 ? -4 : 4) / normaliser.scale[k]!));
  const outputs = tf.tidy(() => {
    const row = tf.tensor2d(rows, [rows.length, width]);
    let at = tf.mul(tf.sub(row, tf.tensor1d(normaliser.mean)), tf.tensor1d(normaliser.scale)) as Core.Tensor2D;
    layers.forEach((layer, i) => {
      const weights = tf.tensor2d(layer.weights, [layer.inputs, layer.outputs]);
      at = tf.add(tf.matMul(at, weights), tf.tensor1d(layer.biases)) as Core.Tensor2D;
      if (i < layers.length - 1) at = tf.tanh(at);
    });
    return Array.from(tf.clipByValue(at, -1, 1).dataSync());
  });
  return { rows, outputs: outputs.map((x) => [x]) };
}

/** Whole held sessions as the exported policy plays them; ones with trades first. */
export function goldenTrajectories(
  player: Player,
  sessions: readonly number[],
  model: Uint8Array,
  inputs: number,
  threshold: number,
  positions: PositionDefinitions,
  strategy: ConstructorParameters<typeof Table>[1],
): GoldenTrajectory[] {
  const policy = builtinPolicy(model, inputs);
  const action = readAction({ kind: 'action' }, 1);
  const found: { golden: GoldenTrajectory; trades: number }[] = [];
  for (const session of sessions.slice(0, 60)) {
    const described = describe(player.tape, session, player.initialEquity, threshold);
    // read back as a host will read it
    const plain = JSON.parse(JSON.stringify(described)) as GoldenTrajectory;
    const table = new Table(tapeOf(plain), strategy, positions, player.rules, player.initialEquity);
    const played = playPolicy(table, 0, policy, action, threshold);
    if (isPromise(played)) continue;
    const clear = played.outputs.every((out) => out === null || Math.abs(Math.abs(out[0]!) - threshold) > CLEAR);
    const trades = played.positions.filter((side, i) => side !== 0 && side !== played.positions[i - 1]).length;
    if (clear && played.outputs.some((out) => out !== null)) found.push({ golden: { ...plain, ...played }, trades });
  }
  return found
    .sort((a, b) => b.trades - a.trades)
    .slice(0, TRAJECTORIES)
    .map(({ golden }) => golden);
}

type Market = Omit<GoldenTrajectory, 'outputs' | 'signals' | 'positions' | 'equity'>;

function describe(tape: Tape, session: number, equity: number, threshold: number): Market {
  const [first, end] = [tape.sessions[session]!, tape.sessions[session + 1]!];
  const bars = Array.from({ length: end - first }, (_, i) => first + i);
  const width = tape.names.length;
  const known = (x: number): number | null => (Number.isNaN(x) ? null : x);
  const instrument: Instrument = tape.instrument;
  return {
    about: `session ${tape.slots[first]!.session}`,
    instrument,
    initial_equity: equity,
    threshold,
    slot_ms: tape.slotMs,
    slots_per_session: tape.slotsPerSession,
    first_cost_bps: first === 0 ? tape.firstCostBps : tape.costBps[first - 1]!,
    bars: bars.map((i) => {
      const { time, open, high, low, close } = tape.bars[i]!;
      return [time, open, high, low, close];
    }),
    slots: bars.map((i) => [tape.slots[i]!.index, tape.slots[i]!.ordinal, tape.slots[i]!.last ? 1 : 0]),
    feature_names: tape.names,
    features: bars.map((i) => Array.from(tape.values.subarray(i * width, (i + 1) * width), known)),
    market: bars.map((i) => [
      known(tape.atr14[i]!),
      known(tape.volatilityRank[i]!),
      tape.costBps[i]!,
      tape.quality[i]!,
    ]),
  };
}
