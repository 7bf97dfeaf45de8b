import { expect, it } from 'vitest';
import { DEAREST_COST_BPS, roundTripCostBps } from './costs.js';

it.each([
  [0, 20],
  [0.6999, 20],
  [0.7, 34],
  [840 / 1200, 34],
  [0.8999, 34],
  [0.9, 51],
  [1080 / 1200, 51],
  [1, 51],
  [NaN, 51],
])('at volatility rank %d a round trip costs %d bp', (rank, bps) => {
  expect(roundTripCostBps(rank)).toBe(bps);
});

it('a fill pays half of it: 10, 17 and 25.5 bp, the dearest being 51', () => {
  expect([0, 0.7, 0.9].map((rank) => roundTripCostBps(rank) / 2)).toEqual([10, 17, 25.5]);
  expect(DEAREST_COST_BPS).toBe(51);
});
