import { describe, expect, it } from 'vitest';
import { SlotGap } from './gap.js';

/** Pushes the ordinals that are stored; true where a value with memory has to be hidden. */
function wide(slots: number, stored: readonly number[]): Map<number, boolean> {
  const gap = new SlotGap(slots);
  return new Map(stored.map((ordinal) => [ordinal, gap.push(ordinal)]));
}
const without = (absent: (ordinal: number) => boolean, to = 400): number[] =>
  Array.from({ length: to }, (_, i) => i).filter((i) => !absent(i));

describe('rule 4: more than a tenth of the last session of slots absent', () => {
  it('6 of 60 absent is a value, 7 is missing', () => {
    expect(
      wide(
        60,
        without((i) => i >= 200 && i < 206),
      ).get(206),
    ).toBe(false);
    expect(
      wide(
        60,
        without((i) => i >= 200 && i < 207),
      ).get(207),
    ).toBe(true);
  });

  it('the window ends with the bar and is 60 slots long: the gap counts until its slots leave one by one', () => {
    const hidden = wide(
      60,
      without((i) => i >= 200 && i < 208),
    );
    // at bar b the window is (b − 60, b]; eight are absent until slot 200 leaves it, seven until 201 does
    expect(hidden.get(260)).toBe(true);
    expect(hidden.get(261)).toBe(false);
  });

  it('absences need not be in a row', () => {
    expect(
      wide(
        60,
        without((i) => i >= 200 && i < 260 && i % 8 === 1),
      ).get(259),
      '201 … 257: eight',
    ).toBe(true);
    expect(
      wide(
        60,
        without((i) => i >= 200 && i < 260 && i % 10 === 1),
      ).get(259),
      '201 … 251: six',
    ).toBe(false);
  });

  it('slots before the first bar count as absent', () => {
    const first = wide(
      60,
      without(() => false),
    );
    expect(first.get(52)).toBe(true);
    expect(first.get(53)).toBe(false);
  });

  it('equals a plain count on random absences, for 60, 288 and 7 slots', () => {
    for (const slots of [60, 288, 7]) {
      let seed = slots;
      const stored = without(() => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648 < 0.09, 3000);
      const set = new Set(stored);
      for (const [ordinal, hidden] of wide(slots, stored)) {
        let absent = 0;
        for (let o = ordinal - slots + 1; o <= ordinal; o++) if (!set.has(o)) absent++;
        expect(hidden).toBe(absent > slots / 10);
      }
    }
  });
});
