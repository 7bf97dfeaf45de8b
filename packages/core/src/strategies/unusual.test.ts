import { expect, it } from 'vitest';
import { describeUnusual } from './unusual.js';

it('unusual inputs: farthest first, missing values and constant features left out', () => {
  const tell = describeUnusual(
    [
      { name: 'a', hash: '', mean: 0, sd: 1 },
      { name: 'b', hash: '', mean: 1, sd: 0.5 },
      { name: 'c', hash: '', mean: 0, sd: 0 },
      { name: 'd', hash: '' },
      { name: 'e', hash: '', mean: 0, sd: 1 },
    ],
    2,
  );
  expect(tell(Float64Array.of(0.5, -1, 9, 9, NaN))).toBe('farthest from usual: b -1 (−4.0 sd), a 0.5 (+0.5 sd)');
  expect(tell(new Float64Array(5).fill(NaN))).toBe('');
});
