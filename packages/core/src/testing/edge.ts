/** The strength that the demo world is made with. */
export const DEMO_EDGE = 0.35;

/** What the demo world plants, in words that pages show. */
export const EDGE_TEXT =
  'This world is simulated, and an edge is planted in it: the move of the last hour tends to go on, until the move of the last four hours is overstretched and turns. ' +
  'It is there so that models have something to find. Real markets make no such promise, and no result here says anything about real trading.';

const HOUR_WEIGHT = 1.5;
const FOUR_HOURS_WEIGHT = 0.8;

/**
 * The planted edge: the drift of the next bar in standard deviations of that bar,
 *
 *     edge · tanh(1.5 · h − 0.8 · f)
 *
 * where h and f are the returns of the last hour and of the last four, nights included, each over its standard deviation at
 * the session's level of volatility. Both are visible at the close before in `log_ret_1h`, `log_ret_4h` and `atr_pct` (and
 * partly in `rsi_9`), so the 13 features reveal it. Trends run for about an hour and overstretched ones turn, which
 * keeps the volatility of a day near that of a world without edge. 0 at edge 0, and in the first four hours of a world.
 *
 * `recent` holds the last returns, the newest last; `slotsPerHour` how many of them make an hour; `barSd` the level.
 */
export function drift(edge: number, recent: readonly number[], slotsPerHour: number, barSd: number): number {
  const slots = 4 * slotsPerHour;
  if (edge === 0 || recent.length < slots) return 0;
  let hour = 0;
  let fourHours = 0;
  for (let age = 1; age <= slots; age++) {
    const move = recent[recent.length - age]!;
    fourHours += move;
    if (age <= slotsPerHour) hour += move;
  }
  const h = hour / (barSd * Math.sqrt(slotsPerHour));
  const f = fourHours / (barSd * Math.sqrt(slots));
  return edge * Math.tanh(HOUR_WEIGHT * h - FOUR_HOURS_WEIGHT * f);
}

/** Drift adds to the variance of an hour and of a day; every bar is scaled by this so that they stay plausible. */
export function damping(edge: number): number {
  return 1 / (1 + 0.4 * edge);
}
