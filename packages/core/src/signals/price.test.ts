import { describe, expect, it } from 'vitest';
import { USD_COP } from '../market/instrument.js';
import type { Opinion } from '../strategies/opinion.js';
import { toSignal, type SignalContext } from './price.js';
import type { NoSignal, Signal } from './signal.js';

const time = Date.UTC(2026, 5, 2, 13, 0);
const CONTEXT: SignalContext = {
  seat: { code: 'ML_XGB', confidenceFloor: 0.5 },
  bar: { time, open: 3990, high: 4010, low: 3985, close: 4000, volume: 0 },
  slot: { session: '2026-06-02', index: 0, ordinal: 600, last: false },
  instrument: USD_COP,
  market: { atr14: 5, costBps: 20, suspect: false },
  book: { equity: 10_000, position: null },
  slotMs: 300_000,
};
const LONG: Opinion = { signal: 'long', confidence: 0.9, reasoning: 'why' };
const SHORT: Opinion = { signal: 'short', confidence: 0.9, reasoning: 'why' };

function signalOf(opinion: Opinion, changes: Partial<SignalContext> = {}): Signal {
  const outcome = toSignal(opinion, { ...CONTEXT, ...changes });
  if (outcome.kind !== 'signal') throw new Error(`no signal: ${outcome.detail}`);
  return outcome;
}
function silenceOf(opinion: Opinion, changes: Partial<SignalContext> = {}): NoSignal {
  const outcome = toSignal(opinion, { ...CONTEXT, ...changes });
  if (outcome.kind !== 'none') throw new Error(`a ${outcome.signal} signal`);
  return outcome;
}

describe('a direction is priced, sized and explained', () => {
  it('long: stop below, target above, size and risk from the equity of the bar', () => {
    expect(signalOf(LONG)).toEqual({
      kind: 'signal',
      strategy: 'ML_XGB',
      barTime: time,
      timestamp: time + 300_000,
      signal: 'long',
      side: 'buy',
      confidence: 0.9,
      score: 0.9,
      size: 0.2,
      quantity: 2000,
      entryPrice: 4000,
      stopLoss: 3965.358984,
      takeProfit: 4051.961524,
      // 2000 · 34.641016 / 3965.358984 = 17.47…
      riskUsd: 17.47,
      roundTripCostBps: 20,
      breakevenHitRate: 0.4924,
      reasoning: 'why',
      notTraded: null,
    });
  });

  it('short: stop above, target below', () => {
    expect(signalOf(SHORT)).toMatchObject({
      side: 'sell',
      score: -0.9,
      stopLoss: 4034.641016,
      takeProfit: 3948.038476,
      // 2000 · 34.641016 / 4034.641016 = 17.17…
      riskUsd: 17.17,
    });
  });

  it("the strategy's own score is kept, to 4 decimals", () => {
    expect(signalOf({ ...LONG, score: 0.123456 }).score).toBe(0.1235);
  });

  it("the strategy's own size caps, its own distances replace", () => {
    const signal = signalOf({ ...LONG, size: 0.05, stopDistance: 10, targetDistance: 30 });
    expect(signal).toMatchObject({
      size: 0.05,
      quantity: 500,
      stopLoss: 3990,
      takeProfit: 4030,
      breakevenHitRate: 0.45,
    });
  });

  it('quantity of a USD quote divides by the close', () => {
    const instrument = { ...USD_COP, symbol: 'EUR/USD', base: 'EUR', quote: 'USD' };
    expect(signalOf(LONG, { instrument }).quantity).toBe(0.5);
  });
});

describe('confidence', () => {
  it('is rounded before all else: .49995 rounds to the even .5 and stays long, of size 0', () => {
    expect(signalOf({ ...LONG, confidence: 0.49995 })).toMatchObject({ signal: 'long', confidence: 0.5, size: 0 });
    expect(signalOf({ ...LONG, confidence: 0.49994 })).toMatchObject({ signal: 'flat', confidence: 0.4999 });
  });

  it('below c0 a direction is flat, with its own confidence and nothing priced', () => {
    const signal = signalOf({ ...SHORT, confidence: 0.4 });
    expect(signal).toMatchObject({
      signal: 'flat',
      side: 'hold',
      confidence: 0.4,
      size: null,
      quantity: null,
      stopLoss: null,
    });
    expect(signal.reasoning).toMatch(/^why \(short with a confidence of 0.4, below 0.5/);
  });

  it('with c0 = 0 no confidence is below', () => {
    const seat = { code: 'RL_PPO', confidenceFloor: 0 };
    expect(signalOf({ ...LONG, confidence: 0.2 }, { seat })).toMatchObject({ signal: 'long', size: 0.05 });
  });
});

describe('an opinion with a floor of its own (a regression)', () => {
  it('confidenceFloor 0: a confidence below .5 keeps its direction, and size is max_size · conf', () => {
    const said = signalOf({ ...LONG, confidence: 0.2, confidenceFloor: 0 });
    expect(said).toMatchObject({ signal: 'long', confidence: 0.2, size: 0.05 });
    expect(signalOf({ ...LONG, confidence: 0.2 }), 'without it ML begins at .5').toMatchObject({ signal: 'flat' });
  });

  it.each([-0.1, 1, NaN, '0'])('confidenceFloor %j is malformed: at 1 the size has no meaning', (confidenceFloor) => {
    const outcome = toSignal({ ...LONG, confidenceFloor } as never, CONTEXT);
    expect(outcome).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('confidenceFloor') });
  });
});

describe('flat and close', () => {
  it.each(['flat', 'close'] as const)(
    '%s: size, prices, costs and risk are null, the entry price is the close',
    (signal) => {
      expect(signalOf({ signal, reasoning: 'why' })).toMatchObject({
        signal,
        side: 'hold',
        confidence: null,
        score: null,
        size: null,
        quantity: null,
        entryPrice: 4000,
        stopLoss: null,
        takeProfit: null,
        riskUsd: null,
        roundTripCostBps: null,
        breakevenHitRate: null,
        notTraded: null,
      });
    },
  );

  it.each([
    ['long', 'sell'],
    ['short', 'buy'],
  ] as const)('close of a %s position is a %s', (side, expected) => {
    const book = { equity: 10_000, position: { side } };
    expect(signalOf({ signal: 'close', confidence: 0.6, reasoning: 'why' }, { book })).toMatchObject({
      side: expected,
      confidence: 0.6,
    });
    expect(signalOf({ signal: 'flat', reasoning: 'why' }, { book }).side).toBe('hold');
  });

  it('need no ATR14', () => {
    expect(signalOf({ signal: 'flat', reasoning: '' }, { market: { ...CONTEXT.market, atr14: NaN } }).signal).toBe(
      'flat',
    );
  });
});

describe('no signal', () => {
  it('carries the code and the reason of the strategy', () => {
    expect(silenceOf({ signal: 'none', code: 'quorum', reasoning: '1 of 4 answered' })).toEqual({
      kind: 'none',
      strategy: 'ML_XGB',
      barTime: time,
      timestamp: time + 300_000,
      code: 'quorum',
      detail: '1 of 4 answered',
    });
  });

  it('a direction without ATR14 is missing_feature, even with own distances', () => {
    const market = { ...CONTEXT.market, atr14: NaN };
    expect(silenceOf(LONG, { market })).toMatchObject({
      code: 'missing_feature',
      detail: expect.stringContaining('ATR14'),
    });
    expect(silenceOf({ ...LONG, stopDistance: 5, targetDistance: 9 }, { market }).code).toBe('missing_feature');
  });

  it('a malformed opinion is unavailable and names what is wrong', () => {
    expect(silenceOf({ ...LONG, confidence: NaN })).toMatchObject({
      code: 'unavailable',
      detail: 'malformed opinion: confidence must be a number from 0 to 1, not NaN',
    });
  });

  it.each([
    ['a long stop at or below 0', { ...LONG, stopDistance: 4000 }],
    ['a short target below 0', { ...SHORT, targetDistance: 5000 }],
    ['a long target that no price column holds', { ...LONG, targetDistance: 996_000 }],
    ['a short stop that no price column holds', { ...SHORT, stopDistance: 996_000 }],
    ['a stop that rounds to the entry', { ...LONG, stopDistance: 1e-9 }],
    ['a target that rounds to the entry', { ...LONG, targetDistance: 1e-9 }],
  ] as const)('%s is unavailable', (_, opinion) => {
    expect(silenceOf(opinion)).toMatchObject({ code: 'unavailable', detail: expect.stringContaining('stop at') });
  });
});

describe('stored and not traded, the first reason that holds', () => {
  const dear = { ...LONG, targetDistance: 8 };
  const sizeless = { ...LONG, confidence: 0.5 };
  const last = { ...CONTEXT.slot, last: true };
  const suspect = { ...CONTEXT.market, suspect: true };
  it.each<[string, Opinion, Partial<SignalContext>, string | null]>([
    ['nothing is wrong', LONG, {}, null],
    ['breakeven hit rate of 1', dear, {}, 'cost_exceeds_target'],
    [
      'breakeven hit rate that rounds to 1',
      { ...LONG, stopDistance: 300, targetDistance: 8.01 },
      {},
      'cost_exceeds_target',
    ],
    ['breakeven hit rate just below 1', { ...LONG, targetDistance: 8.5 }, {}, null],
    ['size 0', sizeless, {}, 'no_size'],
    ['no equity', LONG, { book: { equity: 0, position: null } }, 'no_size'],
    ['a suspect price', LONG, { market: suspect }, 'suspect_price'],
    ["the session's last slot", LONG, { slot: last }, 'last_bar'],
    ['cost before size', { ...dear, confidence: 0.5 }, {}, 'cost_exceeds_target'],
    ['size before suspect', sizeless, { market: suspect }, 'no_size'],
    ['last bar before all', dear, { slot: last, market: suspect }, 'last_bar'],
  ])('%s', (_, opinion, changes, reason) => {
    const signal = signalOf(opinion, changes);
    expect(signal.notTraded).toBe(reason);
    expect(signal.stopLoss).not.toBeNull();
  });

  it('flat and close are never refused', () => {
    expect(signalOf({ signal: 'close', reasoning: '' }, { market: suspect, slot: last }).notTraded).toBeNull();
  });
});
