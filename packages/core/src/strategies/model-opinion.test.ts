import { describe, expect, it } from 'vitest';
import { binaryOpinion, modelOpinion, regressionOpinion, threeClassOpinion } from './model-opinion.js';
import { opinionFault } from './opinion-check.js';
import type { Opinion } from './opinion.js';

const check = (said: Opinion, wanted: object): void => {
  const { score, ...rest } = wanted as { score?: number };
  expect(opinionFault(said)).toBeNull();
  expect(said).toMatchObject(rest);
  const found = (said as { score?: number }).score;
  if (score === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(score, 12);
};

describe('three classes', () => {
  it.each([
    [[0.5, 0.3, 0.2], { signal: 'short', confidence: 0.5, score: -0.3 }],
    [[0.2, 0.3, 0.5], { signal: 'long', confidence: 0.5, score: 0.3 }],
    [[0.2, 0.6, 0.2], { signal: 'flat', confidence: 0.6 }],
    [[0.4, 0.2, 0.4], { signal: 'flat', confidence: 0.4 }],
    [[0.2, 0.4, 0.4], { signal: 'flat', confidence: 0.4 }],
  ])('%j: the largest is the direction, a tie is flat, score p(long) − p(short)', (p, wanted) =>
    check(threeClassOpinion(p, ''), wanted),
  );
  it('the reasoning states the probabilities and the facts', () => {
    expect(threeClassOpinion([0.2, 0.3, 0.5], 'facts').reasoning).toBe(
      'p(short) 0.200, p(flat) 0.300, p(long) 0.500; facts.',
    );
  });
});

describe('two classes', () => {
  it.each([
    [0.75, { signal: 'long', confidence: 0.75, score: 0.5 }],
    [0.25, { signal: 'short', confidence: 0.75, score: -0.5 }],
    [1, { signal: 'long', confidence: 1, score: 1 }],
    [0, { signal: 'short', confidence: 1, score: -1 }],
    [0.5, { signal: 'flat', confidence: 0.5 }],
  ])('p(long) %d: above .5 long, below short, confidence max(p, 1 − p), score 2p − 1', (p, wanted) =>
    check(binaryOpinion(p, ''), wanted),
  );
});

describe('a predicted return', () => {
  it.each([
    [0.0002, 2, { signal: 'flat' }],
    [-0.0002, 2, { signal: 'flat' }],
    [0, 2, { signal: 'flat' }],
    [0.0003, 2, { signal: 'long', confidence: 0.3, score: 0.3 }],
    [-0.0005, 2, { signal: 'short', confidence: 0.5, score: -0.5 }],
    [0.001, 2, { signal: 'long', confidence: 1, score: 1 }],
    [-0.2, 2, { signal: 'short', confidence: 1, score: -1 }],
    [0.0003, 4, { signal: 'flat' }],
  ])('%d with a dead zone of %d bp: flat within, score clamp(prediction / (5 · dead zone))', (x, zone, wanted) => {
    const { confidence, ...rest } = wanted as { confidence?: number };
    const said = regressionOpinion(x, zone, '') as { confidence?: number; confidenceFloor?: number };
    check(said as Opinion, rest);
    if (confidence !== undefined) {
      expect(said.confidence).toBeCloseTo(confidence, 12);
      expect(said.confidenceFloor, 'c0 = 0: its confidence is no probability').toBe(0);
    }
  });
  it('the reasoning states the return in basis points and the dead zone', () => {
    expect(regressionOpinion(-0.00031, 2, '').reasoning).toBe('predicted return −3.10 bp, dead zone 2 bp.');
  });
});

describe('what the manifest says is what is read', () => {
  it('three classes, two as one number or as two, a return', () => {
    const of = (kind: 'probabilities' | 'regression', classes: string[] | undefined, numbers: number[]) =>
      modelOpinion('ML_X', { kind, ...(classes && { classes }) }, numbers.length)(numbers, '').signal;
    expect(of('probabilities', ['short', 'flat', 'long'], [0.1, 0.2, 0.7])).toBe('long');
    expect(of('probabilities', ['short', 'long'], [0.7])).toBe('long');
    expect(of('probabilities', ['short', 'long'], [0.7, 0.3])).toBe('short');
    expect(of('regression', undefined, [-0.0003])).toBe('short');
  });
  it.each([
    ['logits', ['short', 'flat', 'long'], 3],
    ['action', undefined, 1],
    ['probabilities', ['long', 'flat', 'short'], 3],
    ['probabilities', ['short', 'flat', 'long'], 1],
    ['probabilities', ['long', 'short'], 1],
    ['probabilities', undefined, 3],
    ['regression', undefined, 2],
  ] as const)('%s of %j with %d outputs: MODEL_UNSUPPORTED', (kind, classes, outputs) => {
    const open = () => modelOpinion('ML_X', { kind, ...(classes && { classes }) }, outputs);
    expect(open).toThrow(expect.objectContaining({ code: 'MODEL_UNSUPPORTED' }));
    expect(open).toThrow(/ML_X takes/);
  });
});
