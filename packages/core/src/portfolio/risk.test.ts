import { describe, expect, it } from 'vitest';
import { CONTRADICTIONS, NOT_TRADED_REASONS, type NotTraded } from '../signals/signal.js';
import { resetDrawdown } from './book.js';
import { refusal } from './risk.js';
import { HOUR, SLOT_MS, Tape } from './tape.fixture.js';
import { DEFAULT_RULES, type Book, type PendingOrder } from './types.js';

/** Loses about `usd` on a round trip without fees: 100,000 USD long, the price falling from 4,000. */
function lose(tape: Tape, usd: number): Tape {
  const price = 4000 / (1 + usd / 100_000);
  tape.bar({ fillCostBps: 0 }).say('long', { quantity: 100_000, stopDistance: 3900 }).bar({ fillCostBps: 0 });
  return tape.say('close').bar({ open: price, fillCostBps: 0 });
}
/** One round trip from 4,000 to `exit`, `fee` bp a fill, the exit at the open of the third bar. */
function trade(tape: Tape, exit: number, fee = 0): Tape {
  tape.bar({ fillCostBps: fee }).say('long').bar({ fillCostBps: fee });
  return tape.say('close').bar({ open: exit, fillCostBps: fee });
}
/** Orders a long at the last bar and says what the next open does of it. */
function entryAfter(tape: Tape): NotTraded | 'filled' {
  tape.say('long').bar({ fillCostBps: 0 });
  if (tape.last.refused) return tape.last.refused.reason;
  expect(tape.last.fills.at(-1)).toMatchObject({ action: 'open' });
  return 'filled';
}

describe('where an entry may fill', () => {
  it('never when its signal is in the last slot: last_bar, though its fill lies in another session', () => {
    const tape = new Tape().slot(59).bar();
    expect(entryAfter(tape)).toBe('last_bar');
  });

  it('never in the last slot itself: last_bar', () => {
    const tape = new Tape().slot(58).bar();
    expect(entryAfter(tape)).toBe('last_bar');
  });

  it('in the slot before the last it may', () => {
    expect(entryAfter(new Tape().slot(57).bar())).toBe('filled');
  });

  it('never in another session: next_session', () => {
    const tape = new Tape().slot(30).bar().say('long').slot(60).bar();
    expect(tape.last.refused?.reason).toBe('next_session');
  });

  it('after absent slots of the same session it may', () => {
    const tape = new Tape().slot(30).bar().say('long').slot(40).bar();
    expect(tape.last.fills).toHaveLength(1);
  });

  it.each([
    ['long', 3960, 'beyond_stop'],
    ['long', 3959.99, 'beyond_stop'],
    ['long', 4060, 'beyond_target'],
    ['long', 4060.01, 'beyond_target'],
    ['short', 4040, 'beyond_stop'],
    ['short', 4040.01, 'beyond_stop'],
    ['short', 3940, 'beyond_target'],
    ['short', 3939.99, 'beyond_target'],
    ['long', 3960.01, null],
    ['long', 4059.99, null],
    ['short', 4039.99, null],
    ['short', 3940.01, null],
  ] as const)('a pending %s that opens at %d: %s', (side, open, reason) => {
    const tape = new Tape().bar().say(side, { stopDistance: 40, targetDistance: 60 }).bar({ open });
    expect(tape.last.refused?.reason ?? null).toBe(reason);
    expect(tape.book.position?.side ?? null).toBe(reason === null ? side : null);
  });
});

describe('drawdown: 15 % of the marked peak, latched', () => {
  it('14.99 % is none, 15 % to the cent is a breach, with one critical alert', () => {
    expect(entryAfter(lose(new Tape({ limits: { maxSessionLoss: 1 } }), 1499))).toBe('filled');
    const tape = lose(new Tape({ limits: { maxSessionLoss: 1 } }), 1500);
    expect(tape.book.equity).toBe(8500);
    expect(entryAfter(tape)).toBe('drawdown');
    expect(entryAfter(tape.slot(60).bar())).toBe('drawdown');
    expect(tape.alerts).toEqual(['RISK_DRAWDOWN']);
    expect(tape.settlements.flatMap((s) => s.alerts)[0]).toMatchObject({ severity: 'critical' });
  });

  it('an unrealised loss counts; the exit is never stopped; the halt outlasts a recovery', () => {
    const tape = new Tape({ limits: { maxSessionLoss: 1 } })
      .bar()
      .say('long', { quantity: 100_000, stopDistance: 3000 });
    tape.bar({ close: 3900, fillCostBps: 0 });
    expect(tape.book.drawdownHalted).toBe(true);
    tape.say('close').bar({ open: 4000, fillCostBps: 0 });
    expect(tape.last.fills).toMatchObject([{ action: 'close', reason: 'signal' }]);
    expect(tape.book.equity).toBe(10_000);
    expect(entryAfter(tape)).toBe('drawdown');
  });

  it('the peak is the highest mark, not the start', () => {
    const tape = new Tape({ limits: { maxSessionLoss: 1 } });
    lose(tape, -5000);
    expect(tape.book.peak).toBe(15_000);
    lose(tape, 2000);
    expect(tape.book.drawdownHalted).toBe(false);
    lose(tape, 250);
    expect(tape.book.drawdownHalted).toBe(true);
  });

  it('after a reset the peak restarts at the last mark, and another 15 % from there is another alert', () => {
    const tape = lose(new Tape({ limits: { maxSessionLoss: 1, lossesBeforePause: 99 } }), 1600);
    resetDrawdown(tape.book);
    expect(entryAfter(tape)).toBe('filled');
    lose(tape.say('close').bar({ fillCostBps: 0 }), 1200);
    expect(tape.book.drawdownHalted).toBe(false);
    lose(tape, 100);
    expect(tape.book.drawdownHalted).toBe(true);
    expect(tape.alerts).toEqual(['RISK_DRAWDOWN', 'RISK_DRAWDOWN']);
  });
});

describe('session loss: 5 % of the equity at the session start, to the end of that session', () => {
  it('4.99 % is none, 5 % to the cent is a breach, with one alert', () => {
    expect(entryAfter(lose(new Tape(), 499))).toBe('filled');
    const tape = lose(new Tape(), 500);
    expect(entryAfter(tape)).toBe('session_loss');
    expect(entryAfter(tape)).toBe('session_loss');
    expect(tape.alerts).toEqual(['RISK_SESSION_LOSS']);
  });

  it('ends with the session; the next is measured from the last mark before it', () => {
    const tape = lose(new Tape(), 500).slot(60).bar();
    expect(tape.book).toMatchObject({ sessionStartEquity: 9500, sessionHalted: false });
    expect(entryAfter(tape)).toBe('filled');
    lose(tape.say('close').bar({ fillCostBps: 0 }), 474);
    expect(tape.book.sessionHalted).toBe(false);
    lose(tape, 1);
    expect(tape.book.sessionHalted).toBe(true);
  });

  it('a loss over the night belongs to the session whose first bar marks it', () => {
    const tape = new Tape({ exitAtSessionEnd: false })
      .slot(57)
      .bar()
      .say('long', { quantity: 100_000, stopDistance: 3000 });
    tape.bar({ fillCostBps: 0 }).bar({ fillCostBps: 0 }).bar({ open: 3980, fillCostBps: 0 });
    // 100,000 · 20 / 3980 = 502.51
    expect(tape.book).toMatchObject({ sessionStartEquity: 10_000, sessionHalted: true });
  });

  it('a breach at a close refuses the fill at the next open, of a flip the entry only', () => {
    const tape = new Tape()
      .bar()
      .say('long', { quantity: 100_000, stopDistance: 3000 })
      .bar({ close: 3970, fillCostBps: 0 });
    tape.say('short').bar({ open: 3970, fillCostBps: 0 });
    expect(tape.last.fills).toMatchObject([{ action: 'close', reason: 'flip' }]);
    expect(tape.last.refused?.reason).toBe('session_loss');
  });
});

describe('20 entry fills a session', () => {
  it('the 21st is refused, with one alert at the 20th; the next session begins anew', () => {
    const tape = new Tape().bar({ fillCostBps: 0 });
    for (let i = 0; i < 20; i++) tape.say(i % 2 ? 'short' : 'long').bar({ fillCostBps: 0 });
    expect(tape.fills.filter((fill) => fill.action === 'open')).toHaveLength(20);
    expect(tape.last.alerts).toMatchObject([{ code: 'RISK_MAX_TRADES', severity: 'warning' }]);
    expect(entryAfter(tape)).toBe('max_trades');
    expect(tape.alerts).toEqual(['RISK_MAX_TRADES']);
    expect(entryAfter(tape.slot(60).bar())).toBe('filled');
  });

  it('refused entries do not count', () => {
    const tape = new Tape({ limits: { maxEntriesPerSession: 1 } }).bar().say('long').bar({ open: 3000, close: 4000 });
    expect(tape.last.refused?.reason).toBe('beyond_stop');
    expect(entryAfter(tape)).toBe('filled');
  });
});

describe('30 minutes of pause after 3 losing trades in a row', () => {
  it('refused while the fill time is before the exit of the third + 30 minutes, with one alert', () => {
    const tape = trade(trade(trade(new Tape(), 3999), 3999), 3999);
    const exit = tape.time;
    expect(tape.book).toMatchObject({ pauseUntil: exit + HOUR / 2, lossesInARow: 0 });
    for (let minutes = 5; minutes < 30; minutes += 5) expect(entryAfter(tape), `${minutes} minutes`).toBe('pause');
    expect(entryAfter(tape)).toBe('filled');
    expect(tape.time).toBe(exit + HOUR / 2);
    expect(tape.alerts).toEqual(['RISK_PAUSE']);
  });

  it('a fill inside a bar counts from the completion of the bar', () => {
    const tape = trade(trade(new Tape(), 3999), 3999).bar().say('long', { stopDistance: 40 }).bar({ low: 3900 });
    expect(tape.book.pauseUntil).toBe(tape.time + SLOT_MS + HOUR / 2);
  });

  it('the closing leg of a flip can be the third: its own entry is refused', () => {
    const tape = trade(trade(new Tape(), 3999), 3999).bar().say('long').bar().say('short').bar({ open: 3999 });
    expect(tape.last.fills).toMatchObject([{ action: 'close', reason: 'flip' }]);
    expect(tape.last.refused?.reason).toBe('pause');
  });

  it('a win resets the run', () => {
    const tape = [3999, 3999, 4001, 3999, 3999].reduce((t, exit) => trade(t, exit), new Tape());
    expect(tape.book).toMatchObject({ pauseUntil: null, lossesInARow: 2 });
  });

  it('a break-even changes nothing', () => {
    const tape = [3999, 4000, 3999, 4000, 3999].reduce((t, exit) => trade(t, exit), new Tape());
    expect(tape.alerts).toEqual(['RISK_PAUSE']);
  });

  it('goes by P&L after fees: a gain that fees eat is a loss', () => {
    // 2000 · 4 / 4004 = 2.00, fees 2 · 2.00
    const tape = trade(trade(trade(new Tape(), 4004, 10), 4004, 10), 4004, 10);
    expect(tape.alerts).toEqual(['RISK_PAUSE']);
    // 2000 · 8.016032 / 4008.016032 = 4.00: a break-even after fees
    expect(trade(new Tape(), 4008.016032, 10).book).toMatchObject({ lossesInARow: 0, equity: 10_000 });
  });

  it('the start of the pause resets the run: two more losses do not start another', () => {
    const tape = trade(trade(trade(new Tape(), 3999), 3999), 3999).slot(40);
    trade(trade(tape, 3999), 3999);
    expect(tape.alerts).toEqual(['RISK_PAUSE']);
    trade(tape, 3999);
    expect(tape.alerts).toEqual(['RISK_PAUSE', 'RISK_PAUSE']);
  });

  it('exits are not stopped by it', () => {
    const tape = trade(trade(new Tape(), 3999), 3999).bar().say('long').bar();
    tape.book.pauseUntil = tape.time + HOUR;
    tape.say('close').bar();
    expect(tape.last.fills).toMatchObject([{ action: 'close', reason: 'signal' }]);
  });
});

describe('of several reasons the first', () => {
  const time = Date.UTC(2026, 5, 2, 14, 0);
  /** Everything that can be wrong at once, each with the change that takes it away. */
  const wrong: { reason: NotTraded; mend: (c: Case) => void }[] = [
    {
      reason: 'last_bar',
      mend: (c) => ((c.order = { ...c.order, signalInLastSlot: false }), (c.slot = { ...c.slot, last: false })),
    },
    { reason: 'next_session', mend: (c) => (c.order = { ...c.order, session: 'today' }) },
    { reason: 'beyond_stop', mend: (c) => (c.entry = { ...c.entry, stopLoss: 3900 }) },
    { reason: 'beyond_target', mend: (c) => (c.entry = { ...c.entry, takeProfit: 4100 }) },
    { reason: 'cost_exceeds_target', mend: (c) => (c.entry = { ...c.entry, notTraded: 'suspect_price' }) },
    { reason: 'no_size', mend: (c) => (c.entry = { ...c.entry, quantity: 1 }) },
    { reason: 'drawdown', mend: (c) => (c.book.drawdownHalted = false) },
    { reason: 'session_loss', mend: (c) => (c.book.sessionHalted = false) },
    { reason: 'max_trades', mend: (c) => (c.book.entriesThisSession = 19) },
    { reason: 'pause', mend: (c) => (c.book.pauseUntil = time) },
    { reason: 'suspect_price', mend: (c) => (c.entry = { ...c.entry, notTraded: 'too_old' }) },
    { reason: 'too_old', mend: (c) => (c.entry = { ...c.entry, notTraded: null }) },
  ];
  interface Case {
    book: Book;
    order: PendingOrder;
    entry: NonNullable<PendingOrder['entry']>;
    slot: { session: string; index: number; ordinal: number; last: boolean };
  }

  it('in the order of the specification, suspect_price last of its reasons', () => {
    expect(wrong.map(({ reason }) => reason)).toEqual(
      // those of a signal that contradicts itself never become an order
      NOT_TRADED_REASONS.filter((reason) => !CONTRADICTIONS.has(reason)),
    );
    const entry = {
      side: 'long' as const,
      size: 0,
      quantity: 0,
      stopLoss: 4000,
      takeProfit: 4000,
      notTraded: 'cost_exceeds_target' as NotTraded | null,
    };
    const c: Case = {
      book: {
        ...new Tape().book,
        drawdownHalted: true,
        sessionHalted: true,
        entriesThisSession: 20,
        pauseUntil: time + 1,
      },
      order: { signalBarTime: time - SLOT_MS, session: 'yesterday', signalInLastSlot: true, exit: null, entry },
      entry,
      slot: { session: 'today', index: 59, ordinal: 59, last: true },
    };
    const found = wrong.map(({ mend }) => {
      const reason = refusal(c.book, c.order, c.entry, 4000, time, c.slot, DEFAULT_RULES.limits);
      mend(c);
      return reason;
    });
    expect(found).toEqual(wrong.map(({ reason }) => reason));
    expect(refusal(c.book, c.order, c.entry, 4000, time, c.slot, DEFAULT_RULES.limits)).toBeNull();
  });
});

it('the defaults are those of the specification', () => {
  expect(DEFAULT_RULES).toEqual({
    exitAtSessionEnd: true,
    limits: {
      maxDrawdown: 0.15,
      maxSessionLoss: 0.05,
      maxEntriesPerSession: 20,
      lossesBeforePause: 3,
      pauseMs: 30 * 60_000,
    },
  });
});
