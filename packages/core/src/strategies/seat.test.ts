import { describe, expect, it } from 'vitest';
import { defineStrategy, type AnyStrategy } from './contract.js';
import { askable, seatAll } from './seat.js';

const strategy = (code: string, extra: Partial<AnyStrategy> = {}): AnyStrategy => ({
  ...defineStrategy({
    code,
    name: code,
    type: 'ML',
    apiVersion: 1,
    features: ['a', 'b'],
    config: { type: 'object' },
    create: () => ({ onBar: () => ({ signal: 'flat', reasoning: '' }) }),
  }),
  ...extra,
});
const seat = (extra: Partial<AnyStrategy> = {}) => seatAll([strategy('X', extra)], ['b', 'c', 'a'], () => ({}))[0]!;
const row = (status: readonly number[]) => ({
  names: ['b', 'c', 'a'],
  values: Float64Array.from(status, (s) => (s === 0 ? 1 : NaN)),
  status: Uint8Array.from(status),
});
const MOVING = { stale: false };

describe('seats', () => {
  it('size begins above .5 for class probabilities and the LLM, above 0 for RL and an ensemble', () => {
    expect((['ML', 'LLM', 'RL', 'ENSEMBLE'] as const).map((type) => seat({ type }).confidenceFloor)).toEqual([
      0.5, 0.5, 0, 0,
    ]);
  });

  it('find their features in the engine’s row, in their own order', () => {
    expect([...seat().columns]).toEqual([2, 0]);
  });

  it('ask members before their ensemble, leave out who is not there, and refuse a circle', () => {
    const members = (code: string, of: readonly string[]) => strategy(code, { members: of });
    const seats = seatAll([members('E', ['B', 'GONE', 'A']), strategy('A'), strategy('B')], ['a', 'b'], () => ({}));
    expect(seats.map(({ code }) => code)).toEqual(['B', 'A', 'E']);
    expect(seats[2]!.members).toEqual(['B', 'A']);
    expect(() => seatAll([members('P', ['Q']), members('Q', ['P'])], ['a', 'b'], () => ({}))).toThrow(
      /member of itself/,
    );
  });

  it('take members that only the configuration names', () => {
    const ensemble = strategy('E', { membersOf: (config) => Object.keys((config as { weights: object }).weights) });
    const seats = seatAll([ensemble, strategy('A')], ['a', 'b'], (code) =>
      code === 'E' ? { weights: { A: 1, E: 1 } } : {},
    );
    expect(seats.map(({ code, members }) => [code, members])).toEqual([['A', []], ['E', ['A']]]); // prettier-ignore
  });
});

describe('whether a strategy is asked', () => {
  it('not on a stale price, nor without a feature that it needs, which is named', () => {
    expect(askable(seat(), { stale: true }, row([0, 0, 0]))).toMatchObject({ code: 'stale' });
    expect(askable(seat(), MOVING, row([2, 0, 0]))).toMatchObject({ code: 'missing_feature', reasoning: 'missing: b' });
    expect(askable(seat(), MOVING, row([0, 0, 1]))).toMatchObject({ code: 'warming_up', reasoning: 'warming up: a' });
    expect(askable(seat(), MOVING, row([0, 2, 0])), 'a feature of others').toBeUndefined();
  });

  it('a feature that is missing for good is named before one that only warms up', () => {
    expect(askable(seat(), MOVING, row([2, 0, 1]))).toMatchObject({ code: 'missing_feature', reasoning: 'missing: b' });
  });

  it('without a feature whose absence it handles itself', () => {
    expect(askable(seat({ acceptsMissing: ['b'] }), MOVING, row([2, 0, 0]))).toBeUndefined();
    expect(askable(seat({ acceptsMissing: ['b'] }), MOVING, row([0, 0, 2]))).toMatchObject({ code: 'missing_feature' });
  });
});
