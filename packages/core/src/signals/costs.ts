/** Commission-free paper fills pay half of the quoted spread and this slippage, in basis points. */
export const SLIPPAGE_BPS = 3;

/** Quoted spread in basis points by volatility rank: the first row whose `below` the rank is under. */
export const QUOTED_SPREADS: readonly { readonly below: number; readonly spreadBps: number }[] = [
  { below: 0.7, spreadBps: 14 },
  { below: 0.9, spreadBps: 28 },
  { below: Infinity, spreadBps: 45 },
];

/** Round-trip cost of each spread: two fills of half the spread and slippage each, 20, 34 and 51 bp. */
const ROUND_TRIPS = /* @__PURE__ */ QUOTED_SPREADS.map(({ spreadBps }) => spreadBps + 2 * SLIPPAGE_BPS);

/** What an unknown volatility costs, and what fills pay until the first bar completes. */
export const DEAREST_COST_BPS = ROUND_TRIPS[ROUND_TRIPS.length - 1]!;

/** Round-trip cost in basis points at a volatility rank (0–1); an unknown rank (NaN) is the dearest. */
export function roundTripCostBps(rank: number): number {
  for (let i = 0; i < QUOTED_SPREADS.length; i++) if (rank < QUOTED_SPREADS[i]!.below) return ROUND_TRIPS[i]!;
  return DEAREST_COST_BPS;
}
