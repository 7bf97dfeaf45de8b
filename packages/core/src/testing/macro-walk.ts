import { cholesky, solve } from './correlated.js';
import { MACRO_CORRELATION, MACRO_STATISTICS, type MacroStatistics } from './market-statistics.js';
import type { Random } from './random.js';

/** Values of the daily series stamped on one date, by short name; a series without an observation is absent. */
export interface MacroRow {
  /** `YYYY-MM-DD`, Monday to Friday. */
  readonly date: string;
  /** Levels in each series' unit, 4 decimals. */
  readonly values: Readonly<Record<string, number>>;
}

const NAMES = Object.keys(MACRO_STATISTICS);
const STATISTICS: readonly MacroStatistics[] = NAMES.map((name) => MACRO_STATISTICS[name]!);

/** Policy rates: flat for weeks, then a step. `share` of days with a step, in points, inside [low, high]. */
const POLICY = [
  { name: 'tpm', start: 9.25, step: 0.25, share: 0.016, low: 4, high: 13 },
  { name: 'prime', start: 7.5, step: 0.25, share: 0.01, low: 3.25, high: 8.5 },
] as const;

/** The series that the simulator makes. */
export const SIMULATED_MACRO: readonly string[] = Object.freeze([...NAMES, ...POLICY.map(({ name }) => name), 'ibr']);

// The session's own return stands first: what a day's macro changes share with it is drawn conditionally on it.
const CORRELATION = [
  [1, ...STATISTICS.map(({ session }) => session)],
  ...STATISTICS.map((row, i) => [
    row.session,
    ...STATISTICS.map((_, j) => (i === j ? 1 : MACRO_CORRELATION[Math.max(i, j)]![Math.min(i, j)]!)),
  ]),
];
const FACTOR = cholesky(CORRELATION);
const NIGHT_TARGET = [0, ...STATISTICS.map(({ night }) => night)];
const NIGHT_WEIGHTS = solve(FACTOR, NIGHT_TARGET);
const NIGHT_EXPLAINED = NIGHT_WEIGHTS.reduce((sum, weight, i) => sum + weight * NIGHT_TARGET[i]!, 0);

/** What a night owes to the macro changes before it: mean (in standard deviations) and the variance left to chance. */
export interface NightLink {
  readonly mean: number;
  readonly restVariance: number;
}

/** Levels of the day, by short name; plain data, so that a state can be stored. */
export type MacroLevels = Record<string, number>;

/** Long-run levels, with a start away from them drawn from `random`. */
export function startLevels(random: Random): MacroLevels {
  const levels: MacroLevels = {};
  NAMES.forEach((name, i) => {
    const { level, changeSd, change, reversion } = STATISTICS[i]!;
    const offset = 0.5 * (changeSd / Math.sqrt(2 * reversion)) * random.normal();
    levels[name] = change === 'log' ? level * Math.exp(offset) : level + offset;
  });
  for (const { name, start } of POLICY) levels[name] = start;
  return levels;
}

/**
 * Moves the levels by one business day. `sessionShock` is the standardised session return of that day, or null on a day
 * without a session. Returns the rounded row and the link of the following night to it.
 */
export function macroDay(
  levels: MacroLevels,
  date: string,
  sessionShock: number | null,
  random: Random,
): { row: MacroRow; night: NightLink } {
  const drawn = STATISTICS.map(() => random.normal());
  const independent = [sessionShock ?? random.normal(), ...drawn];
  // fat tails: one scale for the day, of unit mean square
  const scale = Math.exp(0.3 * random.normal() - 0.09);
  let nightMean = NIGHT_WEIGHTS[0]! * independent[0]!;
  const values: Record<string, number> = {};
  STATISTICS.forEach(({ level, changeSd, change, reversion, home }, i) => {
    const row = FACTOR[i + 1]!;
    let shock = 0;
    for (let j = 0; j < row.length; j++) shock += row[j]! * independent[j]!;
    nightMean += NIGHT_WEIGHTS[i + 1]! * shock;
    const name = NAMES[i]!;
    const before = levels[name]!;
    const move = changeSd * scale * shock;
    const after =
      change === 'log'
        ? before * Math.exp(reversion * Math.log(level / before) + move)
        : Math.max(0.1, before + reversion * (level - before) + move);
    levels[name] = after;
    if (!home || sessionShock !== null) values[name] = round4(after);
  });
  for (const { name, step, share, low, high } of POLICY) {
    const before = levels[name]!;
    const chance = random.uniform();
    // the nearer to a bound, the likelier the step away from it
    const down = random.uniform() < (before - low) / (high - low);
    if (chance < share) levels[name] = before + (down ? -step : step);
    values[name] = round4(levels[name]!);
  }
  values['ibr'] = round4(levels['tpm']! + 0.02 * random.normal());
  return { row: { date, values }, night: { mean: nightMean, restVariance: 1 - NIGHT_EXPLAINED } };
}

const round4 = (value: number): number => Math.round(value * 1e4) / 1e4;
