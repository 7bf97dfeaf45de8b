import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changePct, differenceReaches, round, roundProduct, wholeQuotient } from './decimal.js';

/** A second, independent way: the decimal's text as one BigInt quotient. */
function reference(numerator: readonly number[], denominator: readonly number[], decimals: number): number {
  const parse = (x: number): [bigint, number] => {
    const [, sign, whole, fraction = '', e = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(x))!;
    return [BigInt(`${sign}${whole}${fraction}`), Number(e) - fraction.length];
  };
  let top = 1n;
  let bottom = 1n;
  let exponent = decimals;
  for (const x of numerator) {
    const [digits, power] = parse(x);
    top *= digits;
    exponent += power;
  }
  for (const x of denominator) {
    const [digits, power] = parse(x);
    bottom *= digits;
    exponent -= power;
  }
  if (exponent > 0) top *= 10n ** BigInt(exponent);
  else bottom *= 10n ** BigInt(-exponent);
  const negative = top < 0n !== bottom < 0n;
  top = top < 0n ? -top : top;
  bottom = bottom < 0n ? -bottom : bottom;
  let units = top / bottom;
  const rest = top % bottom;
  if (rest * 2n > bottom || (rest * 2n === bottom && units % 2n === 1n)) units += 1n;
  const text = units.toString().padStart(decimals + 1, '0');
  const value = Number(`${text.slice(0, text.length - decimals)}.${text.slice(text.length - decimals)}`);
  return units === 0n ? 0 : negative ? -value : value;
}

/** Decimals as columns hold them, so that ties are frequent. */
const decimal = (whole: number, places: number) =>
  fc.integer({ min: -whole * 10 ** places, max: whole * 10 ** places }).map((n) => n / 10 ** places);
const positive = (whole: number, places: number) =>
  fc.integer({ min: 1, max: whole * 10 ** places }).map((n) => n / 10 ** places);

describe('round: half to even on the shortest decimal', () => {
  it.each([
    [0.125, 2, 0.12],
    [0.135, 2, 0.14],
    [0.375, 2, 0.38],
    // doubles that lie below or above the tie that they are written as
    [1.005, 2, 1],
    [1.015, 2, 1.02],
    [2.675, 2, 2.68],
    [8.345, 2, 8.34],
    [1.45, 1, 1.4],
    [0.00005, 4, 0],
    [0.00015, 4, 0.0002],
    [-2.5, 0, -2],
    [-3.5, 0, -4],
    [4000.1234565, 6, 4000.123456],
    [4000.1234575, 6, 4000.123458],
    [1e21, 2, 1e21],
    [123456789012345.67, 2, 123456789012345.67],
    [5e-324, 6, 0],
    [1.5e-7, 7, 2e-7],
    [2.5e-7, 7, 2e-7],
  ])('%d to %d decimals is %d', (x, decimals, expected) => {
    expect(round(x, decimals)).toBe(expected);
  });

  it('writes −0 as 0', () => {
    for (const x of [-0, -0.001, -0.004, -1e-300]) expect(Object.is(round(x, 2), 0), String(x)).toBe(true);
  });

  it.each([NaN, Infinity, -Infinity])('throws for %d', (x) => {
    expect(() => round(x, 2)).toThrow(RangeError);
  });

  it('agrees with exact arithmetic on any double', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 0, max: 8 }),
        (x, decimals) => {
          expect(round(x, decimals)).toBe(reference([x], [1], decimals));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('agrees with exact arithmetic on ties', () => {
    fc.assert(
      fc.property(fc.integer({ min: -4e11, max: 4e11 }), fc.integer({ min: 0, max: 6 }), (n, decimals) => {
        const tie = Number(`${n}5e-${decimals + 1}`);
        expect(round(tie, decimals)).toBe(reference([tie], [1], decimals));
      }),
      { numRuns: 2000 },
    );
  });

  it('is its own fixed point', () => {
    fc.assert(
      fc.property(decimal(1e6, 6), (x) => {
        expect(round(x, 6)).toBe(x + 0);
      }),
    );
  });
});

describe('formulas: the float shortcut equals exact arithmetic', () => {
  it('products', () => {
    fc.assert(
      fc.property(decimal(1e5, 2), decimal(100, 1), fc.integer({ min: 0, max: 4 }), (a, b, decimals) => {
        expect(roundProduct(a, b, decimals)).toBe(reference([a, b], [1], decimals));
      }),
      { numRuns: 3000 },
    );
  });

  it('quotients of whole numbers, to the last one that a double holds', () => {
    const whole = (most: number) => fc.integer({ min: -most, max: most });
    fc.assert(
      fc.property(
        fc.oneof(whole(50), whole(2 ** 52 - 1)),
        fc.oneof(fc.integer({ min: 1, max: 20 }), fc.maxSafeNat()),
        (n, d) => {
          fc.pre(d > 0 && d < 2 ** 52);
          expect(wholeQuotient(n, d) + 0).toBe(reference([n], [d], 0));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('changes in percent', () => {
    fc.assert(
      fc.property(positive(1e5, 2), positive(1e5, 2), (a, b) => {
        const difference = Math.round(a * 100 - b * 100) / 100;
        expect(changePct(a, b, 4)).toBe(reference([difference, 100], [b], 4));
      }),
      { numRuns: 2000 },
    );
    expect(changePct(10_000, 10_000, 4)).toBe(0);
  });

  it('a limit met to the cent is reached, a cent before it is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), (n) => {
        // 15 % of 20n cents are 3n cents
        const peak = (20 * n) / 100;
        expect(differenceReaches(peak, (17 * n) / 100, 0.15, peak)).toBe(true);
        expect(differenceReaches(peak, (17 * n + 1) / 100, 0.15, peak)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
