import { FLAT, type Position } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { readAction, targetOpinion } from './target.js';

const long: Position = { side: 'long', size: 0.2, entryPrice: 4000, barsHeld: 3, unrealizedPct: 0.1 };
const CLASSES = { kind: 'probabilities', classes: ['short', 'flat', 'long'] } as const;

describe('the action is the position to hold', () => {
  it.each([
    [0.4, FLAT, 'long', 0.4],
    [-0.4, FLAT, 'short', 0.4],
    [0.4, long, 'long', 0.4],
    [-1, long, 'short', 1],
    [0.0999, FLAT, 'flat', 0.0999],
    [-0.0999, FLAT, 'flat', 0.0999],
    [0.0999, long, 'close', 0.0999],
    [0, long, 'close', 0],
    [0.1, FLAT, 'long', 0.1],
  ] as const)('%d with %o: %s', (action, position, signal, confidence) => {
    expect(targetOpinion(action, position, 0.1, '')).toMatchObject({ signal, confidence });
  });
  it('the score is the signed action, so that an ensemble weighs it', () => {
    expect(targetOpinion(-0.7, FLAT, 0.1, '')).toMatchObject({ score: -0.7 });
  });
  it('a number that is none is no opinion, never a direction', () => {
    expect(targetOpinion(NaN, long, 0.1, '')).toMatchObject({ signal: 'none', code: 'unavailable' });
  });
});

describe('what a policy gives is read as its manifest says', () => {
  it('one action is clipped to [−1, 1]', () => {
    const read = readAction({ kind: 'action' }, 1);
    expect([2, -3, 0.25].map((x) => read([x]))).toEqual([1, -1, 0.25]);
  });
  it('of classes the action is p(long) − p(short), 0 where flat is the largest', () => {
    const read = readAction(CLASSES, 3);
    expect(read([0.2, 0.1, 0.7])).toBeCloseTo(0.5, 12);
    expect(read([0.3, 0.4, 0.3])).toBe(0);
    expect(read([0.45, 0.1, 0.45])).toBe(0);
    expect(read([NaN, 0.5, 0.5])).toBeNaN();
  });
  it('logits become probabilities first, without overflow', () => {
    expect(readAction({ ...CLASSES, kind: 'logits' }, 3)([1000, 0, 1001])).toBeCloseTo(0.4621, 4);
  });
  it.each([
    [{ kind: 'action' } as const, 2],
    [{ kind: 'regression' } as const, 1],
    [{ kind: 'probabilities', classes: ['long', 'flat', 'short'] } as const, 3],
    [{ kind: 'probabilities' } as const, 3],
  ])('%o with %i outputs is refused as MODEL_UNSUPPORTED', (output, outputs) => {
    expect(() => readAction(output, outputs)).toThrow(/RL_PPO takes/);
  });
});
