import { describe, expect, it } from 'vitest';
import { cardOf, cards, tradeState } from './card.js';
import type { LatestSignal, Model, Position } from './types.js';

const model = (code: string, change: Partial<Model> = {}): Model =>
  ({ strategy_code: code, state: 'RUNNING', reason: null, is_active: true, last_no_signal: null, ...change }) as Model;
const T = '2025-06-13T15:00:00.000Z';
const LATER = '2025-06-13T15:05:00.000Z';
const signal = (change: Partial<LatestSignal> = {}): LatestSignal =>
  ({ strategy_code: 'A', signal: 'long', bar_time: T, not_traded: null, ...change }) as LatestSignal;
const silence = (bar_time: string) => ({ code: 'stale', detail: 'twelve equal closes', bar_time, timestamp: bar_time });
const position = { strategy_code: 'A', side: 'long' } as Position;

describe('cardOf', () => {
  it('a silence counts only when it is newer than the signal', () => {
    expect(cardOf(model('A', { last_no_signal: silence(LATER) }), signal(), null)).toMatchObject({
      kind: 'silent',
      last: { bar_time: T },
    });
    expect(cardOf(model('A', { last_no_signal: silence(T) }), signal({ bar_time: LATER }), null).kind).toBe('signal');
  });

  it('a package that does not serve shows no old signal as if it were news', () => {
    for (const state of ['not_installed', 'unavailable', 'refused', 'FAULTED', 'SUSPENDED'] as const)
      expect(cardOf(model('A', { state }), signal(), null).kind).toBe('absent');
  });

  it('an external strategy runs no package and still speaks', () => {
    expect(cardOf(model('A', { state: 'external' }), signal(), null).kind).toBe('signal');
  });

  it('a seat that cannot serve gives its reason, and does not seem to wait', () => {
    expect(cardOf(model('A', { state: 'DEGRADED', reason: 'no model' }), null, null).kind).toBe('absent');
  });

  it('without a bar answered it waits', () => {
    expect(cardOf(model('A'), null, null).kind).toBe('waiting');
  });
});

describe('cards', () => {
  it('puts those that cannot speak last, and leaves out what is switched off', () => {
    const list = cards(
      [
        model('Z'),
        model('B', { state: 'not_installed' }),
        model('A'),
        model('OFF', { state: 'inactive', is_active: false }),
      ],
      [],
      [],
    );
    expect(list.map((card) => card.model.strategy_code)).toEqual(['A', 'Z', 'B']);
  });
});

describe('tradeState', () => {
  const newest = Date.parse(T);
  it('a refusal comes first, then the position, then the pending order', () => {
    expect(tradeState(signal({ not_traded: 'no_size' }), position, newest)).toBe('not_traded');
    expect(tradeState(signal(), position, newest)).toBe('in_position');
    expect(tradeState(signal(), null, newest)).toBe('next_open');
  });

  it('only a signal of the newest bar is still on its way', () => {
    expect(tradeState(signal(), null, Date.parse(LATER))).toBe('none');
  });

  it('flat orders nothing, and a close without a position neither', () => {
    expect(tradeState(signal({ signal: 'flat' }), null, newest)).toBe('none');
    expect(tradeState(signal({ signal: 'close' }), null, newest)).toBe('none');
    expect(tradeState(signal({ signal: 'close' }), position, newest)).toBe('next_open');
  });
});
