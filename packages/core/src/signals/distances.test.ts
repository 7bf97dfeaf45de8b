import { describe, expect, it } from 'vitest';
import { breakevenHitRate, distances } from './distances.js';

const hour = Math.sqrt(12);

describe('stop S = max(2·ATR14·√12, 2·C·close), target T = max(3·ATR14·√12, 1.5·S)', () => {
  it('a wide market: both by ATR', () => {
    // 2 · 5 · √12 = 34.64101615…, 3 · 5 · √12 = 51.96152422…
    expect(distances(5, 4000, 20, {})).toEqual({ stop: 34.641016, target: 51.961524 });
  });

  it('a calm market: the stop by cost, the target by that stop', () => {
    expect(distances(0.5, 4000, 20, {})).toEqual({ stop: 16, target: 24 });
    expect(distances(0.5, 4000, 34, {})).toEqual({ stop: 27.2, target: 40.8 });
    expect(distances(0.5, 4000, 51, {})).toEqual({ stop: 40.8, target: 61.2 });
  });

  it('1.5 · S goes from the rounded S, half to even', () => {
    // 1.5 · .000003 = .0000045 and 1.5 · .000005 = .0000075: ties, to the even
    expect(distances(1e-9, 4000, 20, { stopDistance: 0.000003 })).toMatchObject({ target: 0.000004 });
    expect(distances(1e-9, 4000, 20, { stopDistance: 0.000005 })).toMatchObject({ target: 0.000008 });
  });

  it('2 · C · close is exact: .0102 · 4000.0125 = 40.8001275, a tie, goes to the even 40.800128', () => {
    expect(distances(0.001, 4000.0125, 51, {}).stop).toBe(40.800128);
    // .0102 · 4000.0375 = 40.8003825 → 40.800382
    expect(distances(0.001, 4000.0375, 51, {}).stop).toBe(40.800382);
  });
});

describe("an opinion's own distances replace S and T without their floors", () => {
  it('both', () => {
    expect(distances(5, 4000, 20, { stopDistance: 1.5, targetDistance: 0.25 })).toEqual({ stop: 1.5, target: 0.25 });
  });

  it('an own stop alone: T = max(3·A, 1.5 · that stop)', () => {
    expect(distances(5, 4000, 20, { stopDistance: 1 })).toEqual({ stop: 1, target: 51.961524 });
    expect(distances(5, 4000, 20, { stopDistance: 100 })).toEqual({ stop: 100, target: 150 });
  });

  it('an own target alone keeps S', () => {
    expect(distances(5, 4000, 20, { targetDistance: 7 })).toEqual({ stop: 34.641016, target: 7 });
  });

  it('are rounded to 6 decimals', () => {
    expect(distances(5, 4000, 20, { stopDistance: 1.00000049, targetDistance: 2.0000005 })).toEqual({
      stop: 1,
      target: 2,
    });
  });
});

describe('breakeven hit rate = (S + C·close) / (S + T)', () => {
  it('4 decimals', () => {
    // (16 + 8) / (16 + 24) = .6; (34.641016 + 8) / (34.641016 + 51.961524) = .49237…
    expect(breakevenHitRate({ stop: 16, target: 24 }, 4000, 20)).toBe(0.6);
    expect(breakevenHitRate({ stop: 34.641016, target: 51.961524 }, 4000, 20)).toBe(0.4924);
  });

  it('a target equal to the cost makes 1, a nearer one more', () => {
    expect(breakevenHitRate({ stop: 10, target: 8 }, 4000, 20)).toBe(1);
    expect(breakevenHitRate({ stop: 10, target: 2 }, 4000, 20)).toBe(1.5);
  });

  it('half to even: (10 + 2.345) / 100 is .12345: .1234', () => {
    expect(breakevenHitRate({ stop: 10, target: 90 }, 1172.5, 20)).toBe(0.1234);
  });
});

it('A is ATR14 · √12', () => {
  expect(distances(7, 1, 0, {}).stop).toBeCloseTo(2 * 7 * hour, 6);
});
