import { describe, expect, it } from 'vitest';
import type { Instrument } from '../market/instrument.js';
import { USD_COP } from '../market/instrument.js';
import { openBook, place, resetDrawdown, settle } from './book.js';
import { SLOT_MS, START, Tape } from './tape.fixture.js';
import { DEFAULT_RULES } from './types.js';

describe('what a session and a reset begin with', () => {
  it('a session starts at the last mark before it, what an open position had gained included', () => {
    const tape = new Tape({ exitAtSessionEnd: false }).slot(56).bar().say('long').bar().bar().bar({ close: 4040 });
    const { equity, unrealizedPnl } = tape.last.mark;
    expect(unrealizedPnl).toBeGreaterThan(10);
    tape.slot(60).bar({ open: 4040 });
    expect(tape.book.sessionStartEquity).toBe(equity);
  });

  it('after a reset the kill switch looks back to the last mark, the drawdown that is shown to the peak of all time', () => {
    const tape = new Tape({ exitAtSessionEnd: false })
      .bar()
      .say('long', { stopDistance: 400, targetDistance: 800 })
      .bar({ close: 4100 });
    tape.bar({ open: 4100, close: 3900 });
    const { equity, currentDrawdownPct } = tape.last.mark;
    resetDrawdown(tape.book);
    expect(tape.book.peak).toBe(equity);
    tape.bar({ open: 3900 });
    expect(tape.last.mark.currentDrawdownPct).toBeCloseTo(currentDrawdownPct, 4);
    expect(tape.last.mark.currentDrawdownPct).toBeGreaterThan(0.5);
  });
});

describe('an instrument quoted in US dollars', () => {
  const EUR_USD: Instrument = { ...USD_COP, symbol: 'EUR/USD', base: 'EUR', quote: 'USD', tick: 0.0001 };

  it('pays each fee on the notional at that fill’s price, and its P&L is not converted', () => {
    const book = openBook(10_000);
    const slot = (index: number) => ({ session: 's', index, ordinal: index, last: false });
    const bar = (index: number, open: number, close = open) => ({
      time: START + index * SLOT_MS,
      open,
      high: Math.max(open, close),
      low: Math.min(open, close),
      close,
      volume: 0,
    });
    const context = (index: number) => ({
      instrument: EUR_USD,
      rules: DEFAULT_RULES,
      slot: slot(index),
      fillCostBps: 10,
      slotMs: SLOT_MS,
    });
    settle(book, bar(0, 1.1), context(0));
    const signal = new Tape()
      .bar({ open: 1.1 })
      .signal('long', { quantity: 1000, stopDistance: 0.5, targetDistance: 0.8 });
    place(book, signal, slot(0));
    const [opened] = settle(book, bar(1, 1.2), context(1)).fills;
    place(
      book,
      {
        ...signal,
        barTime: START + SLOT_MS,
        signal: 'close',
        side: 'sell',
        size: null,
        quantity: null,
        stopLoss: null,
        takeProfit: null,
      },
      slot(1),
    );
    const [closed] = settle(book, bar(2, 1.5), context(2)).fills;
    // 1,000 EUR: 10 bp of 1,200 USD, then of 1,500 USD; 1,000 × .3
    expect([opened!.fee, closed!.fee, closed!.realizedPnl]).toEqual([1.2, 1.5, 300]);
  });
});
