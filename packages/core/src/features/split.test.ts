import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitBySession } from './split.js';

const sessionsOf = (count: number, bars: number) =>
  Array.from(
    { length: count * bars },
    (_, i) =>
      `2024-${String(1 + Math.floor(i / bars / 28)).padStart(2, '0')}-${String(1 + (Math.floor(i / bars) % 28)).padStart(2, '0')}`,
  );

describe('splits by session', () => {
  it('train, embargo, validation, embargo, test: in order of time, no session cut, none lost', () => {
    const { rows, parts } = splitBySession(sessionsOf(100, 6));
    expect(parts).toMatchObject({
      train: { sessions: 69 },
      validation: { sessions: 14 },
      test: { sessions: 15 },
      embargo: { sessions: 2 },
    });
    expect(rows.filter((part, i) => i > 0 && part !== rows[i - 1])).toEqual([
      'embargo',
      'validation',
      'embargo',
      'test',
    ]);
  });

  it('a whole session lies between any two parts, whatever the shares; a session has one part', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 12, max: 120 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 4 }),
        (count, bars, embargo) => {
          const dates = sessionsOf(count, bars);
          const { rows } = splitBySession(dates, {
            embargoSessions: embargo,
            train: 0.5,
            validation: 0.25,
            test: 0.25,
          });
          const bySession = new Map<string, Set<string>>();
          dates.forEach((date, i) => bySession.set(date, (bySession.get(date) ?? new Set()).add(rows[i]!)));
          const order = [...bySession.values()].map((parts) => {
            expect(parts.size).toBe(1);
            return [...parts][0]!;
          });
          const lost = order.filter((part) => part === 'embargo').length;
          expect(lost).toBe(2 * embargo);
          const kept = order
            .filter((part) => part !== 'embargo')
            .map((part) => ['train', 'validation', 'test'].indexOf(part));
          expect(kept).toEqual([...kept].sort());
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('purges the last bars of a part that another follows, and not those of the last', () => {
    const { rows } = splitBySession(sessionsOf(20, 10), { purgeBars: 3, embargoSessions: 0 });
    const end = rows.indexOf('validation');
    expect(rows.slice(end - 4, end)).toEqual(['train', 'purge', 'purge', 'purge']);
    expect(rows.at(-1)).toBe('test');
  });

  it('refuses shares that leave a part empty, sum to more than 1, or rows out of order', () => {
    expect(() => splitBySession(sessionsOf(3, 5))).toThrow(/leave none/);
    expect(() => splitBySession(sessionsOf(50, 5), { train: 0.9 })).toThrow(/at most 1/);
    expect(() => splitBySession(['2024-01-03', '2024-01-02'])).toThrow(/order of time/);
  });
});
