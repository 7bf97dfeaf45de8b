import { describe, expect, it } from 'vitest';
import { sizeOf, type SizeInputs } from './sizing.js';

const inputs = (changes: Partial<SizeInputs>): SizeInputs => ({
  confidence: 1,
  confidenceFloor: 0,
  stop: 16,
  close: 4000,
  costBps: 20,
  cap: undefined,
  ...changes,
});

describe('size = round4(min(max_size·(conf − c0)/(1 − c0), risk_per_trade/(S/close + C), 1)), capped by the strategy', () => {
  it.each<[string, Partial<SizeInputs>, number]>([
    ['full confidence is max_size', {}, 0.25],
    ['c0 = 0: in proportion to confidence', { confidence: 0.4 }, 0.1],
    ['c0 = .5: (conf − .5) / .5', { confidence: 0.72, confidenceFloor: 0.5 }, 0.11],
    ['at c0 the size is 0', { confidence: 0.5, confidenceFloor: 0.5 }, 0],
    // .5 · .2201 = .11005
    ['a tie goes to the even .1100', { confidence: 0.7201, confidenceFloor: 0.5 }, 0.11],
    // .5 · .2203 = .11015
    ['a tie goes to the even .1102', { confidence: 0.7203, confidenceFloor: 0.5 }, 0.1102],
    // .25 · .0002 = .00005
    ['a size that rounds to 0 is 0', { confidence: 0.0002 }, 0],
    // .01 / (200/4000 + .0051) = .18148…
    ['a wide stop binds risk_per_trade', { stop: 200, costBps: 51 }, 0.1815],
    ["a strategy's own size is a cap", { cap: 0.05 }, 0.05],
    ['a cap above changes nothing', { cap: 0.9 }, 0.25],
    ['the cap is rounded too', { cap: 0.05005 }, 0.05],
    ['a cap of 0 is 0', { cap: 0 }, 0],
  ])('%s', (_, changes, size) => {
    expect(sizeOf(inputs(changes))).toBe(size);
  });

  it('is never above 1', () => {
    expect(sizeOf(inputs({}), { maxSize: 3, riskPerTrade: 5 })).toBe(1);
  });

  it('every confidence of 4 decimals agrees with integer arithmetic', () => {
    for (let c = 5000; c <= 10_000; c++) {
      // .25 · (c − 5000)/5000 in units of 1e-4 is (c − 5000)/2
      const half = c - 5000;
      const even = half % 2 === 0 ? half / 2 : ((half - 1) / 2) % 2 === 0 ? (half - 1) / 2 : (half + 1) / 2;
      expect(sizeOf(inputs({ confidence: c / 10_000, confidenceFloor: 0.5 })), `confidence ${c / 10_000}`).toBe(
        even / 10_000,
      );
    }
  });
});
