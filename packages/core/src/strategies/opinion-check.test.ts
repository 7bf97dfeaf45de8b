import { describe, expect, it } from 'vitest';
import { NO_OPINION_CODES } from './opinion.js';
import { opinionFault, wellFormed } from './opinion-check.js';

const long = { signal: 'long', confidence: 0.7, reasoning: 'why' };

describe('well-formed opinions pass as they are', () => {
  it.each([
    long,
    { ...long, confidence: 0 },
    { ...long, confidence: 1, score: -1, size: 0, stopDistance: 0.5, targetDistance: 1 },
    { ...long, signal: 'short', score: undefined },
    { signal: 'flat', reasoning: '' },
    { signal: 'close', confidence: 0.5, reasoning: 'why' },
    ...NO_OPINION_CODES.map((code) => ({ signal: 'none', code, reasoning: 'why' })),
  ])('%j', (opinion) => {
    expect(opinionFault(opinion)).toBeNull();
    expect(wellFormed(opinion)).toBe(opinion);
  });
});

describe('malformed opinions become none (unavailable) that names the field', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /must be an object, not undefined/],
    [null, /must be an object, not null/],
    ['long', /must be an object, not "long"/],
    [{ ...long, signal: 'buy' }, /signal must be .*, not "buy"/],
    [{ confidence: 1, reasoning: '' }, /signal must be .*, not undefined/],
    [{ ...long, confidence: NaN }, /confidence must be a number from 0 to 1, not NaN/],
    [{ ...long, confidence: 1.01 }, /confidence .* not 1.01/],
    [{ ...long, confidence: -0.1 }, /confidence .* not -0.1/],
    [{ ...long, confidence: '0.7' }, /confidence .* not "0.7"/],
    [{ signal: 'short', reasoning: 'why' }, /confidence .* not undefined/],
    [{ signal: 'flat', confidence: NaN, reasoning: 'why' }, /confidence .* not NaN/],
    [{ ...long, score: 1.5 }, /score must be a number from -1 to 1, not 1.5/],
    [{ ...long, score: null }, /score .* not null/],
    [{ ...long, size: 2 }, /size must be a number from 0 to 1, not 2/],
    [{ ...long, stopDistance: 0 }, /stopDistance must be a price distance above 0, not 0/],
    [{ ...long, stopDistance: Infinity }, /stopDistance .* not Infinity/],
    [{ ...long, targetDistance: -3 }, /targetDistance .* not -3/],
    [{ ...long, targetDistance: NaN }, /targetDistance .* not NaN/],
    [{ ...long, reasoning: undefined }, /reasoning must be a text, not undefined/],
    [{ ...long, reasoning: ['a'] }, /reasoning must be a text, not an array/],
    [{ signal: 'none', code: 'tired', reasoning: 'why' }, /code must be one of .*, not "tired"/],
  ])('%j', (answer, fault) => {
    expect(opinionFault(answer)).toMatch(fault);
    expect(wellFormed(answer)).toEqual({
      signal: 'none',
      code: 'unavailable',
      reasoning: `malformed opinion: ${opinionFault(answer)}`,
    });
  });

  it('shows no more than the beginning of a long text', () => {
    expect(opinionFault({ ...long, signal: 'x'.repeat(10_000) })!.length).toBeLessThan(120);
  });
});
