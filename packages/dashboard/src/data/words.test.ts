import { describe, expect, it } from 'vitest';
import { parsePreferences } from '../app/preferences.js';
import { announce } from './announce.js';
import { problemOf } from './problem.js';
import { arrived, failed, PENDING } from './resource.js';
import type { StreamEvent } from './types.js';

describe('announce', () => {
  it('says signals, positions and alerts of a bar in one sentence, and prices not at all', () => {
    const events = [
      { type: 'price_update', price: 4100 },
      { type: 'signal_update', strategy_code: 'ML_XGB', signal: 'long' },
      { type: 'position_change', strategy_code: 'ENSEMBLE', action: 'close', side: 'short' },
    ] as unknown as StreamEvent[];
    expect(announce(events)).toBe('ML_XGB long, ENSEMBLE closed a short position.');
    expect(announce(events.slice(0, 1))).toBe('');
  });
});

describe('problemOf', () => {
  it('keeps code, message and remedy of a coded error', () => {
    expect(problemOf({ code: 'X', message: 'm', remedy: 'r' })).toEqual({ code: 'X', message: 'm', remedy: 'r' });
  });
  it('anything else still has all three', () => {
    for (const error of [undefined, 'text', new Error('boom'), { code: 'DATABASE_UNAVAILABLE' }])
      expect(Object.values(problemOf(error)).every((field) => field.length > 0)).toBe(true);
    expect(problemOf(null).remedy).toContain('signalbox start');
  });
});

describe('resource', () => {
  it('an error keeps the last good answer and its time', () => {
    const problem = { code: 'X', message: 'm', remedy: 'r' };
    expect(failed(arrived([1], 5), problem)).toEqual({ data: [1], at: 5, problem });
    expect(failed(PENDING, problem)).toEqual({ data: null, at: null, problem });
    expect(arrived([2], 6).problem).toBeNull();
  });
});

describe('preferences', () => {
  it('what is not understood is the default', () => {
    const defaults = { theme: 'system', hidden: [], unit: 'percent', tab: 'positions', seenAlert: 0 };
    for (const text of [
      null,
      '',
      'nonsense',
      '{"theme":"pink","hidden":7,"unit":{},"tab":"x","seenAlert":1.5}',
      'null',
    ])
      expect(parsePreferences(text)).toEqual(defaults);
    expect(parsePreferences('{"theme":"dark","hidden":["A",3],"unit":"usd","tab":"risk","seenAlert":7}')).toEqual({
      theme: 'dark',
      hidden: ['A'],
      unit: 'usd',
      tab: 'risk',
      seenAlert: 7,
    });
  });
});
