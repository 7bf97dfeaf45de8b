/** The strength that the demo world is made with. */
export const DEMO_EDGE = 0.25;

/** What the demo world plants, in words that pages show. */
export const EDGE_TEXT =
  'This world is simulated, and an edge is planted in it: moves of the last hour tend to go on for the next one, so that models have something to find. ' +
  'Real markets do not promise this; results here say nothing about real trading.';

/**
 * The drift of the next bar, in standard deviations of that bar: `edge · tanh(last hour's return / its standard deviation)`.
 * It is a function of what is visible at the close before (log_ret_1h against the level of volatility), saturates, and is 0
 * at edge 0, where bars are a martingale.
 */
export function drift(edge: number, lastHour: number): number {
  return edge * Math.tanh(lastHour);
}

/** Trends add up over a session; this factor on every bar keeps the daily volatility near that of edge 0. */
export function damping(edge: number): number {
  return 1 / (1 + edge);
}
