import { askSession, FLAT, openSession, opinionFault, USD_COP } from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { expect, it } from 'vitest';
import breakout from './index.js';

const session = await openSession(breakout, { config: {}, instrument: USD_COP, featureHashes: {} });
const turn = { abort: new AbortController().signal, deadline: 1e15 };
const ask = (log_ret_1h, log_ret_4h, atr_pct, position = FLAT) =>
  askSession(
    session,
    {
      bar: { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 },
      features: { log_ret_1h, log_ret_4h, atr_pct },
      vector: Float64Array.of(log_ret_1h, log_ret_4h, atr_pct),
      position,
      opinions: {},
    },
    turn,
    (fault) => expect.fail(fault),
  );
const inPosition = (side) => ({ side, size: 0.1, entryPrice: 4000, barsHeld: 5, unrealizedPct: 0 });

it('goes with a fresh breakout of the last hour, with a confidence that gives it a size', () => {
  expect(ask(0.004, 0.001, 0.1)).toMatchObject({ signal: 'long' });
  expect(ask(-0.004, -0.001, 0.1)).toMatchObject({ signal: 'short' });
  expect(ask(0.004, 0.001, 0.1).confidence).toBeGreaterThan(0.5);
});

it('stays out of a small move, and of one that has run for four hours', () => {
  expect(ask(0.002, 0, 0.1)).toMatchObject({ signal: 'flat' });
  expect(ask(0.004, 0.006, 0.1)).toMatchObject({ signal: 'flat' });
});

it('leaves when an hour has turned against the position, and not when it is weak only', () => {
  expect(ask(-0.0015, 0, 0.1, inPosition('long'))).toMatchObject({ signal: 'close' });
  expect(ask(0.0015, 0, 0.1, inPosition('short'))).toMatchObject({ signal: 'close' });
  expect(ask(-0.0005, 0, 0.1, inPosition('long'))).toMatchObject({ signal: 'flat' });
  expect(ask(0.0015, 0, 0.1, inPosition('long'))).toMatchObject({ signal: 'flat' });
});

it('says why', () => {
  expect(ask(0.004, 0.001, 0.1).reasoning).toBe('hour 4.0 ATR, 3.5 of it fresh; breakout at 2.5');
});

it('answers with a well-formed opinion over the whole range of its features', () => {
  for (const hour of [-0.05, 0, 0.05])
    for (const fourHours of [-0.05, 0, 0.05])
      for (const atr of [1e-6, 0.1, 3]) expect(opinionFault(ask(hour, fourHours, atr))).toBeNull();
});

it('holds to the contract: the conformance kit', async () => {
  expect((await testStrategy(breakout)).passed).toBe(true);
});
