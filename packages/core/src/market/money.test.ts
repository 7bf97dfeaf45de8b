import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignalboxError } from '../errors.js';
import { USD_COP, type Instrument } from './instrument.js';
import { addMoney, basisPoints, checkInstrument, feeUsd, profit, quantityFor, riskAt } from './money.js';

const EUR_USD: Instrument = { ...USD_COP, symbol: 'EUR/USD', base: 'EUR', quote: 'USD', tick: 0.00001 };
const EUR_GBP: Instrument = { ...USD_COP, symbol: 'EUR/GBP', base: 'EUR', quote: 'GBP' };

/** Half-even quotient of integers, apart from the code under test. */
function divide(top: bigint, bottom: bigint): bigint {
  const negative = top < 0n;
  const magnitude = negative ? -top : top;
  let units = magnitude / bottom;
  const rest = magnitude % bottom;
  if (rest * 2n > bottom || (rest * 2n === bottom && units % 2n === 1n)) units += 1n;
  return negative ? -units : units;
}
const cents = (units: bigint) => Number(units) / 100 + 0;
const quantities = fc.bigInt({ min: 1n, max: 10n ** 12n });
const prices = fc.bigInt({ min: 1_000_000n, max: 9_999_999_999n });
const millionths = (n: bigint) => Number(n) / 1e6;

describe('fees', () => {
  it('25.5 bp of 2,500 is 6.375: 6.38; of 300 it is .765: .76', () => {
    expect(basisPoints(2500, 25.5)).toBe(6.38);
    expect(basisPoints(300, 25.5)).toBe(0.76);
    expect(feeUsd(USD_COP, 2500, 4000, 25.5)).toBe(6.38);
    expect(feeUsd(USD_COP, 300, 4000, 25.5)).toBe(0.76);
  });

  it('are of USD notional: quantity where USD is the base, quantity · price where it is the quote', () => {
    expect(feeUsd(USD_COP, 2000, 4000, 10)).toBe(2);
    expect(feeUsd(EUR_USD, 2000, 1.25, 10)).toBe(2.5);
  });

  it('equal exact arithmetic', () => {
    fc.assert(
      fc.property(quantities, fc.constantFrom(100n, 170n, 255n), (quantity, tenths) => {
        expect(basisPoints(millionths(quantity), Number(tenths) / 10)).toBe(
          cents(divide(quantity * tenths * 100n, 10n ** 11n)),
        );
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(quantities, prices, (quantity, price) => {
        expect(feeUsd(EUR_USD, millionths(quantity), millionths(price), 25.5)).toBe(
          cents(divide(quantity * price * 255n * 100n, 10n ** 17n)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('profit', () => {
  it('is quantity · dir · (exit − entry) / exit where USD is the base', () => {
    expect(profit(USD_COP, 'long', 2500, 4000, 4040)).toBe(24.75);
    expect(profit(USD_COP, 'short', 2500, 4000, 4040)).toBe(-24.75);
    expect(profit(USD_COP, 'short', 2500, 4000, 3960)).toBe(25.25);
  });

  it('is quantity · dir · (exit − entry) where USD is the quote', () => {
    expect(profit(EUR_USD, 'long', 2000, 1.1, 1.11)).toBe(20);
    expect(profit(EUR_USD, 'short', 2000, 1.1, 1.11)).toBe(-20);
  });

  it('rounds ties half to even: 1 · (8 − 7.96)/8 is .005: 0; (8 − 7.88)/8 is .015: .02', () => {
    expect(profit(USD_COP, 'long', 1, 7.96, 8)).toBe(0);
    expect(profit(USD_COP, 'long', 1, 7.88, 8)).toBe(0.02);
    expect(profit(USD_COP, 'short', 1, 7.88, 8)).toBe(-0.02);
  });

  it('is never −0', () => {
    expect(Object.is(profit(USD_COP, 'short', 2500, 4000, 4000), 0)).toBe(true);
    expect(Object.is(profit(USD_COP, 'short', 1, 7.96, 8), 0)).toBe(true);
    expect(Object.is(riskAt(USD_COP, 0, 4000, 3960), 0)).toBe(true);
  });

  it('equals exact arithmetic', () => {
    fc.assert(
      fc.property(quantities, prices, prices, fc.constantFrom('long', 'short'), (quantity, entry, exit, side) => {
        const gain = side === 'long' ? exit - entry : entry - exit;
        const [q, a, b] = [millionths(quantity), millionths(entry), millionths(exit)];
        expect(profit(USD_COP, side, q, a, b)).toBe(cents(divide(quantity * gain * 100n, exit * 1_000_000n)));
        expect(profit(EUR_USD, side, q, a, b)).toBe(cents(divide(quantity * gain * 100n, 10n ** 12n)));
      }),
      { numRuns: 3000 },
    );
  });

  it('risk is the loss at the stop, positive: quantity · |entry − stop| / stop', () => {
    expect(riskAt(USD_COP, 2500, 4000, 3920)).toBe(51.02);
    expect(riskAt(USD_COP, 2500, 4000, 4080)).toBe(49.02);
  });
});

describe('quantity', () => {
  it('is size · equity where USD is the base, size · equity / price where it is the quote', () => {
    expect(quantityFor(USD_COP, 0.1234, 10_000.01, 4000)).toBe(1234.001234);
    expect(quantityFor(EUR_USD, 0.25, 10_000, 1.1)).toBe(2272.727273);
  });

  it('is 0 without equity', () => {
    expect(quantityFor(USD_COP, 0.25, -5, 4000)).toBe(0);
  });
});

describe('instrument', () => {
  it.each([USD_COP, EUR_USD])('$symbol converts to USD', (instrument) => {
    expect(() => checkInstrument(instrument)).not.toThrow();
  });

  it.each([
    [EUR_GBP, 'EUR/GBP'],
    [{ ...USD_COP, quote: 'USD' }, 'both USD'],
    [{ ...USD_COP, sessionsPerYear: 0 }, 'sessionsPerYear'],
  ])('refuses at load what it cannot convert, and names it', (instrument, named) => {
    let error: unknown;
    try {
      checkInstrument(instrument);
    } catch (caught) {
      error = caught;
    }
    expect(isSignalboxError(error) && error.code).toBe('CONFIG_INVALID');
    expect((error as Error).message).toContain(named);
  });
});

it('money adds without dust: .1 + .2 is .3', () => {
  expect(addMoney(0.1, 0.2)).toBe(0.3);
});
