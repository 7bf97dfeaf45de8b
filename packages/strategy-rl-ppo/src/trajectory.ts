import {
  andThen,
  DEFAULT_RULES,
  SignalboxError,
  type AnyStrategy,
  type Instrument,
  type Maybe,
  type Position,
} from '@signalbox/core';
import type { Policy } from './policy.js';
import { Player, type PositionDefinitions, type Tape } from './tape.js';
import { targetOpinion, type ReadAction } from './target.js';

/**
 * One session as the trainer's environment played it: what the market said at each bar, and what the policy, the account and its own
 * position made of it. Played again at load, by the pipeline's own step, it must come out the same: the loop from action to position
 * and back into the observation is checked, which single rows do not do.
 */
export interface GoldenTrajectory {
  readonly about: string;
  readonly instrument: Instrument;
  readonly initial_equity: number;
  readonly threshold: number;
  readonly slot_ms: number;
  readonly slots_per_session: number;
  /** Cost of a round trip in basis points before the first bar. */
  readonly first_cost_bps: number;
  /** time, open, high, low, close */
  readonly bars: readonly (readonly number[])[];
  /** index in the session, ordinal, 1 in the last slot */
  readonly slots: readonly (readonly number[])[];
  readonly feature_names: readonly string[];
  readonly features: readonly (readonly (number | null)[])[];
  /** ATR14, volatility rank, round-trip cost in basis points, 1 stale + 2 suspect */
  readonly market: readonly (readonly (number | null)[])[];
  /** The policy's numbers; null where it was not asked. */
  readonly outputs: readonly (readonly number[] | null)[];
  readonly signals: readonly string[];
  /** −1, 0, 1 after the bar's fills. */
  readonly positions: readonly number[];
  readonly equity: readonly number[];
}

const MAX_TRAJECTORIES = 20;
const MAX_BARS = 500;
const TOLERANCE = 1e-5;
/** Sizes are rounded to four decimals, so a number that differs by 1e-5 may move them by one step. */
const EQUITY_TOLERANCE = 1e-5;

/** The session of a tape that a trajectory describes. */
export function tapeOf(trajectory: GoldenTrajectory): Tape {
  const { bars, slots, features, market, feature_names: names } = trajectory;
  const number = (x: number | null | undefined): number => x ?? NaN;
  return {
    instrument: trajectory.instrument,
    slotMs: trajectory.slot_ms,
    slotsPerSession: trajectory.slots_per_session,
    bars: bars.map(([time, open, high, low, close]) => ({
      time: time!,
      open: open!,
      high: high!,
      low: low!,
      close: close!,
      volume: 0,
    })),
    slots: slots.map(([index, ordinal, last]) => ({
      session: 'golden',
      index: index!,
      ordinal: ordinal!,
      last: last === 1,
    })),
    names,
    values: Float64Array.from(features.flat(), number),
    status: Uint8Array.from(features.flat(), (x) => (x === null ? 2 : 0)),
    atr14: Float64Array.from(market, (row) => number(row[0])),
    volatilityRank: Float64Array.from(market, (row) => number(row[1])),
    costBps: Float64Array.from(market, (row) => number(row[2])),
    quality: Uint8Array.from(market, (row) => row[3] ?? 0),
    firstCostBps: trajectory.first_cost_bps,
    sessions: [0, bars.length],
  };
}

/** What a policy does in one session: the part of a trajectory that must come out the same. */
export type Played = Pick<GoldenTrajectory, 'outputs' | 'signals' | 'positions' | 'equity'>;

/** Plays one session of a tape with a policy. */
export function playPolicy(
  player: Player,
  session: number,
  policy: Policy,
  action: ReadAction,
  threshold: number,
): Maybe<Played> {
  const outputs: (number[] | null)[] = [];
  const signals: string[] = [];
  const positions: number[] = [];
  const equity: number[] = [];
  let said: number[] | null = null;
  const done = player.play(
    session,
    ({ vector, position }) =>
      andThen(policy.predict(vector), (numbers) => {
        said = Array.from(numbers);
        return targetOpinion(action(said), position, threshold, '');
      }),
    (part) => {
      outputs.push(said);
      said = null;
      signals.push(part.opinion.signal);
      positions.push(sideOf(part.position ?? { side: 'flat' }));
      equity.push(part.mark.equity);
    },
  );
  return andThen(done, () => ({ outputs, signals, positions, equity }));
}

function sideOf(position: Pick<Position, 'side'>): number {
  return position.side === 'flat' ? 0 : position.side === 'long' ? 1 : -1;
}

/**
 * Plays the trajectories of a manifest again.
 * @throws SignalboxError MODEL_MANIFEST_INVALID, MODEL_GOLDEN_MISMATCH naming trajectory, bar and what differs
 */
export async function verifyTrajectories(
  trajectories: unknown,
  strategy: AnyStrategy,
  positions: PositionDefinitions,
  policy: Policy,
  action: ReadAction,
  threshold: number | undefined,
): Promise<number> {
  const list = checkTrajectories(trajectories, strategy.features, positions, policy.outputs, threshold);
  for (const [n, golden] of list.entries()) {
    const player = new Player(tapeOf(golden), strategy, positions, DEFAULT_RULES, golden.initial_equity);
    const played = await playPolicy(player, 0, policy, action, golden.threshold);
    golden.bars.forEach((_, i) => {
      const at = `golden trajectory ${n}, bar ${i}`;
      const [wanted, found] = [golden.outputs[i]!, played.outputs[i]!];
      if ((wanted === null) !== (found === null)) differs(`${at}: the policy is ${found ? '' : 'not '}asked`);
      wanted?.forEach((x, k) => {
        if (!(Math.abs(found![k]! - x) <= TOLERANCE * Math.max(1, Math.abs(x))))
          differs(`${at}, output ${k}: the policy gives ${found![k]}, the trainer had ${x}`);
      });
      if (played.signals[i] !== golden.signals[i])
        differs(`${at}: ${played.signals[i]} where the trainer had ${golden.signals[i]}`);
      if (played.positions[i] !== golden.positions[i])
        differs(`${at}: position ${played.positions[i]} where the trainer had ${golden.positions[i]}`);
      const [money, was] = [played.equity[i]!, golden.equity[i]!];
      if (!(Math.abs(money - was) <= EQUITY_TOLERANCE * was))
        differs(`${at}: equity ${money} where the trainer had ${was}`);
    });
  }
  return list.length;
}

function differs(what: string): never {
  throw new SignalboxError(
    'MODEL_GOLDEN_MISMATCH',
    `The policy does not act as it did in training: ${what}.`,
    'The engine, or the meaning of an action, has changed since the policy was trained: train it again.',
  );
}

const SIGNALS = ['long', 'short', 'flat', 'close', 'none'];

/** What comes with a model is data from elsewhere: shapes first, and whether it is of this policy. */
function checkTrajectories(
  value: unknown,
  features: readonly string[],
  positions: PositionDefinitions,
  outputs: number,
  threshold: number | undefined,
): readonly GoldenTrajectory[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_TRAJECTORIES)
    invalid(`golden_trajectories is no list of at most ${MAX_TRAJECTORIES}`);
  const own = new Set(positions.map(({ name }) => name));
  const wanted = features.filter((name) => !own.has(name));
  for (const [n, entry] of (value as unknown[]).entries()) {
    const it = entry as Record<string, unknown>;
    const where = `golden_trajectories[${n}]`;
    if (typeof entry !== 'object' || entry === null) invalid(`${where} is not an object`);
    const bars = it['bars'];
    if (!Array.isArray(bars) || bars.length === 0 || bars.length > MAX_BARS)
      invalid(`${where}.bars is no list of 1 to ${MAX_BARS}`);
    for (const key of ['slots', 'features', 'market', 'outputs', 'signals', 'positions', 'equity'])
      if (!Array.isArray(it[key]) || (it[key] as unknown[]).length !== (bars as unknown[]).length)
        invalid(`${where}.${key} is no list of ${(bars as unknown[]).length}`);
    if (String(it['feature_names']) !== String(wanted)) invalid(`${where}.feature_names is not ${wanted}`);
    const rows = (key: string, width: number, nulls: boolean): void =>
      (it[key] as unknown[]).forEach((row, i) => {
        const good =
          Array.isArray(row) &&
          row.length === width &&
          row.every((x) => (nulls && x === null) || (typeof x === 'number' && Number.isFinite(x)));
        if (!good) invalid(`${where}.${key}[${i}] is no list of ${width} numbers`);
      });
    rows('bars', 5, false);
    rows('slots', 3, false);
    rows('features', wanted.length, true);
    rows('market', 4, true);
    for (const key of ['initial_equity', 'threshold', 'slot_ms', 'slots_per_session', 'first_cost_bps'])
      if (!((it[key] as number) > 0 && Number.isFinite(it[key]))) invalid(`${where}.${key} is no number above 0`);
    const each = (key: string, good: (x: unknown) => boolean, what: string): void =>
      (it[key] as unknown[]).forEach((x, i) => good(x) || invalid(`${where}.${key}[${i}] is no ${what}`));
    each('signals', (x) => SIGNALS.includes(x as string), `signal (${SIGNALS.join(', ')})`);
    each('positions', (x) => x === -1 || x === 0 || x === 1, 'position: −1, 0 or 1');
    each('equity', (x) => typeof x === 'number' && x > 0 && Number.isFinite(x), 'number above 0');
    each(
      'outputs',
      (x) =>
        x === null ||
        (Array.isArray(x) && x.length === outputs && x.every((y) => typeof y === 'number' && Number.isFinite(y))),
      `list of the policy’s ${outputs} number${outputs === 1 ? '' : 's'}, nor null`,
    );
    if (threshold !== undefined && it['threshold'] !== threshold)
      invalid(`${where}.threshold is ${it['threshold'] as number}, the policy was trained with ${threshold}`);
    const times = (bars as number[][]).map((bar) => bar[0]!);
    if (times.some((time, i) => i > 0 && time <= times[i - 1]!)) invalid(`${where}.bars are not in order of time`);
    const { instrument } = it as { instrument?: Partial<Instrument> };
    if (typeof instrument?.base !== 'string' || typeof instrument.quote !== 'string')
      invalid(`${where}.instrument names no base and quote`);
  }
  return value as readonly GoldenTrajectory[];
}

function invalid(what: string): never {
  throw new SignalboxError('MODEL_MANIFEST_INVALID', `${what}.`, 'Write the manifest again with signalbox train.');
}
