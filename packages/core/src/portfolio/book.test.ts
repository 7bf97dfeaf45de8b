import { describe, expect, it } from 'vitest';
import { openBook, place, positionView, resetDrawdown } from './book.js';
import { Tape, HOUR, START } from './tape.fixture.js';

describe('position table: what each signal does at the next open', () => {
  describe('flat account', () => {
    it.each([
      ['long', 'long'],
      ['short', 'short'],
    ] as const)('%s opens', (signal, side) => {
      const tape = new Tape().bar().say(signal).bar({ open: 4001 });
      expect(tape.last.fills).toMatchObject([
        { action: 'open', side, quantity: 2000, price: 4001, time: tape.time, reason: null },
      ]);
      expect(tape.book.position).toMatchObject({
        side,
        entryPrice: 4001,
        entryTime: tape.time,
        signalBarTime: tape.time - 300_000,
      });
    });

    it.each(['flat', 'close', 'none'] as const)('%s does nothing', (signal) => {
      const tape = new Tape().bar().say(signal).bar();
      expect(tape.last.fills).toEqual([]);
      expect(tape.last.refused).toBeNull();
      expect(tape.book.position).toBeNull();
    });
  });

  describe.each([
    ['long', 'short'],
    ['short', 'long'],
  ] as const)('in a %s position', (side, opposite) => {
    const held = () => new Tape().bar().say(side).bar();

    it('the same direction holds, levels and quantity unchanged', () => {
      const tape = held();
      const before = { ...tape.book.position! };
      tape
        .say(side, { stopDistance: 10, targetDistance: 10, quantity: 1 })
        .bar({ open: 4002, close: 4002, high: 4003, low: 4001 });
      expect(tape.last.fills).toEqual([]);
      expect(tape.last.refused).toBeNull();
      expect(tape.book.position).toMatchObject({
        side: before.side,
        quantity: before.quantity,
        stopLoss: before.stopLoss,
        takeProfit: before.takeProfit,
        entryTime: before.entryTime,
        barsHeld: 2,
      });
    });

    it('the opposite closes and opens at one fill time, two fills', () => {
      const tape = held().say(opposite).bar({ open: 4002 });
      expect(tape.last.fills).toMatchObject([
        { action: 'close', side, price: 4002, time: tape.time, reason: 'flip' },
        { action: 'open', side: opposite, price: 4002, time: tape.time, reason: null },
      ]);
      expect(tape.book.position).toMatchObject({ side: opposite, barsHeld: 1 });
    });

    it.each(['flat', 'none'] as const)('%s holds', (signal) => {
      const tape = held().say(signal).bar();
      expect(tape.last.fills).toEqual([]);
      expect(tape.book.position).toMatchObject({ side, barsHeld: 2 });
    });

    it('close exits at the next open', () => {
      const tape = held().say('close').bar({ open: 4003 });
      expect(tape.last.fills).toMatchObject([
        { action: 'close', side, price: 4003, time: tape.time, reason: 'signal' },
      ]);
      expect(tape.book.position).toBeNull();
    });

    it.each(['cost_exceeds_target', 'no_size', 'suspect_price'] as const)(
      'an opposite signal that is not traded (%s) still closes: only its entry is refused',
      (notTraded) => {
        const tape = held().say(opposite, { notTraded });
        const { signalBarTime } = tape.book.pending!;
        tape.bar({ open: 4002 });
        expect(tape.last.fills).toMatchObject([{ action: 'close', side, reason: 'flip' }]);
        expect(tape.last.refused).toEqual({ signalBarTime, reason: notTraded });
        expect(tape.book.position).toBeNull();
      },
    );
  });
});

describe('order inside a bar', () => {
  it('1 before 2: a pending close exits as `signal`, though the open is beyond the stop', () => {
    const tape = new Tape().bar().say('long', { stopDistance: 40 }).bar().say('close').bar({ open: 3950 });
    expect(tape.last.fills).toMatchObject([{ price: 3950, reason: 'signal' }]);
  });

  it.each([
    ['long', 3959, 'stop_loss'],
    ['long', 3960, 'stop_loss'],
    ['long', 4060, 'take_profit'],
    ['long', 4061, 'take_profit'],
    ['short', 4041, 'stop_loss'],
    ['short', 4040, 'stop_loss'],
    ['short', 3940, 'take_profit'],
    ['short', 3939, 'take_profit'],
  ] as const)(
    '2: a %s with the open at %d, at or beyond a level, fills at the open, with the time of the bar: %s',
    (side, open, reason) => {
      const tape = new Tape().bar().say(side, { stopDistance: 40, targetDistance: 60 }).bar().bar({ open });
      expect(tape.last.fills).toMatchObject([{ action: 'close', side, price: open, time: tape.time, reason }]);
    },
  );

  it.each([
    ['long', { low: 3960 }, 3960, 'stop_loss'],
    ['long', { low: 3950, high: 4070 }, 3960, 'stop_loss'],
    ['long', { high: 4060 }, 4060, 'take_profit'],
    ['short', { high: 4040 }, 4040, 'stop_loss'],
    ['short', { high: 4050, low: 3930 }, 4040, 'stop_loss'],
    ['short', { low: 3940 }, 3940, 'take_profit'],
  ] as const)(
    '3: a %s touched by %j fills at %d (%s), stop before target, at the completion of the bar',
    (side, prices, price, reason) => {
      const tape = new Tape().bar().say(side, { stopDistance: 40, targetDistance: 60 }).bar().bar(prices);
      expect(tape.last.fills).toMatchObject([{ action: 'close', side, price, time: tape.time + 300_000, reason }]);
    },
  );

  it.each([
    ['long', { low: 3960.01, high: 4059.99 }],
    ['short', { low: 3940.01, high: 4039.99 }],
  ] as const)('3: a %s within %j of its levels stays', (side, prices) => {
    const tape = new Tape().bar().say(side, { stopDistance: 40, targetDistance: 60 }).bar().bar(prices);
    expect(tape.last.fills).toEqual([]);
  });

  it('3: the entry bar included; two fills, entry at the open and exit at the completion', () => {
    const tape = new Tape().bar().say('long', { stopDistance: 40 }).bar({ low: 3955 });
    expect(tape.last.fills).toMatchObject([
      { action: 'open', price: 4000, time: tape.time },
      { action: 'close', price: 3960, time: tape.time + 300_000, reason: 'stop_loss', entryTime: tape.time },
    ]);
    expect(tape.book.position).toBeNull();
  });

  it('4: flat at session end, at the close of the last slot, at its completion', () => {
    const tape = new Tape().slot(57).bar().say('long').bar().bar({ close: 4005 });
    expect(tape.last.fills).toMatchObject([{ price: 4005, time: tape.time + 300_000, reason: 'session_end' }]);
  });

  it('4 after 3: a stop inside the last slot comes first', () => {
    const tape = new Tape().slot(57).bar().say('long', { stopDistance: 40 }).bar().bar({ low: 3950 });
    expect(tape.last.fills).toMatchObject([{ price: 3960, reason: 'stop_loss' }]);
  });

  it('5: the mark is at the close; 1 bar held at the close of the entry bar', () => {
    const tape = new Tape().bar().say('long').bar({ open: 4000, close: 4040, high: 4040 });
    // 2000 · 40 / 4040 = 19.80, fee 10 bp of 2000 = 2
    expect(tape.last.mark).toEqual({
      equity: 10_017.8,
      unrealizedPnl: 19.8,
      returnSinceStartPct: 0.178,
      currentDrawdownPct: 0,
    });
    expect(tape.book.position).toMatchObject({ barsHeld: 1, unrealizedPnl: 19.8 });
    expect(positionView(tape.book)).toEqual({
      side: 'long',
      size: 0.2,
      entryPrice: 4000,
      barsHeld: 1,
      unrealizedPct: (19.8 / 10_017.8) * 100,
    });
  });

  it('levels stay anchored at the signal, wherever the fill is', () => {
    const tape = new Tape()
      .bar({ close: 4000 })
      .say('long', { stopDistance: 40, targetDistance: 60 })
      .bar({ open: 4030, low: 4020 });
    expect(tape.book.position).toMatchObject({ entryPrice: 4030, stopLoss: 3960, takeProfit: 4060 });
  });

  it('a bar that is not later than the last is refused', () => {
    const tape = new Tape().bar();
    expect(() => tape.again()).toThrow(RangeError);
  });
});

describe('session end', () => {
  it('the last bar absent: the exit is at the next open, in the next session', () => {
    const tape = new Tape().slot(57).bar().say('long').bar().slot(60).bar({ open: 4010 });
    expect(tape.last.fills).toMatchObject([{ price: 4010, time: tape.time, reason: 'session_end' }]);
  });

  it('the last bar absent: first the session-end exit, then what is pending, both at that open', () => {
    const closing = new Tape().slot(57).bar().say('long').bar().say('close').slot(60).bar({ open: 4010 });
    expect(closing.last.fills).toMatchObject([{ reason: 'session_end' }]);
    const flipping = new Tape().slot(57).bar().say('long').bar().say('short').slot(60).bar({ open: 4010 });
    expect(flipping.last.fills).toMatchObject([{ action: 'close', reason: 'session_end' }]);
    expect(flipping.last.refused?.reason).toBe('next_session');
    expect(flipping.book.position).toBeNull();
  });

  describe('with the session-end exit off', () => {
    it('a position stays over the night', () => {
      const tape = new Tape({ exitAtSessionEnd: false }).slot(57).bar().say('long').bar().bar().bar();
      expect(tape.book.position).toMatchObject({ side: 'long', barsHeld: 3 });
    });

    it('entries still never cross a session, exits may', () => {
      const tape = new Tape({ exitAtSessionEnd: false })
        .slot(56)
        .bar()
        .say('long')
        .bar()
        .slot(58)
        .bar()
        .say('short')
        .slot(60)
        .bar({ open: 3990 });
      expect(tape.last.fills).toMatchObject([{ action: 'close', price: 3990, reason: 'flip' }]);
      expect(tape.last.refused?.reason).toBe('next_session');
      const leaving = new Tape({ exitAtSessionEnd: false })
        .slot(57)
        .bar()
        .say('long')
        .bar()
        .bar()
        .say('close')
        .bar({ open: 3990 });
      expect(leaving.last.fills).toMatchObject([{ action: 'close', price: 3990, reason: 'signal' }]);
    });

    it('a gap over the night fills at the open', () => {
      const tape = new Tape({ exitAtSessionEnd: false })
        .slot(57)
        .bar()
        .say('long', { stopDistance: 40 })
        .bar()
        .bar()
        .bar({ open: 3900 });
      expect(tape.last.fills).toMatchObject([{ price: 3900, time: tape.time, reason: 'stop_loss' }]);
    });
  });
});

describe('money', () => {
  it('equity = initial + Σ realized − Σ fees + unrealized, at every mark', () => {
    const tape = new Tape();
    let realized = 0;
    let fees = 0;
    const signals = ['long', 'short', 'none', 'close', 'short', 'flat', 'long', 'long'] as const;
    for (let i = 0; i < 400; i++) {
      const open = 4000 + 60 * Math.sin(i / 3);
      tape
        .bar({ open, close: open + 7 * Math.cos(i), fillCostBps: [10, 17, 25.5][i % 3]! })
        .say(signals[i % 8]!, { quantity: 1234.567891 });
      for (const fill of tape.last.fills) {
        realized += fill.realizedPnl ?? 0;
        fees += fill.fee;
      }
      expect(tape.last.mark.equity, `bar ${i}`).toBeCloseTo(10_000 + realized - fees + tape.last.mark.unrealizedPnl, 6);
      expect(tape.last.mark.equity, 'whole cents').toBe(Math.round(tape.last.mark.equity * 100) / 100);
    }
    expect(fees).toBeGreaterThan(100);
  });

  it('each fill pays its own cost on its USD notional, realized is before fees', () => {
    const tape = new Tape()
      .bar()
      .say('short')
      .bar({ fillCostBps: 17 })
      .say('close')
      .bar({ open: 3960, fillCostBps: 25.5 });
    expect(tape.fills).toMatchObject([
      { action: 'open', fee: 3.4, realizedPnl: null },
      { action: 'close', fee: 5.1, realizedPnl: 20.2 },
    ]);
    expect(tape.book.cash).toBe(10_011.7);
  });

  it('drawdown is of the all-time peak, return of the start', () => {
    const tape = new Tape().bar().say('long', { quantity: 10_000, stopDistance: 2000, targetDistance: 3000 }).bar();
    tape.bar({ open: 4100, close: 4100 }).bar({ open: 4050, close: 4050 });
    // marks: 10,000 − 10 + 243.90 = 10,233.90 and 10,000 − 10 + 123.46 = 10,113.46
    expect(tape.last.mark).toMatchObject({
      equity: 10_113.46,
      returnSinceStartPct: 1.1346,
      currentDrawdownPct: 1.1769,
    });
  });

  it.each([0, -1, NaN])('a book does not open with %d', (equity) => {
    expect(() => openBook(equity)).toThrow(RangeError);
  });
});

describe('a book is plain JSON', () => {
  it('restored between any two bars, it goes on to the bit', () => {
    const play = (restore: boolean) => {
      const tape = new Tape();
      const said = ['long', 'none', 'short', 'short', 'flat', 'close', 'short', 'none', 'long'] as const;
      for (let i = 0; i < 300; i++) {
        const open = 4000 + 50 * Math.sin(i / 5) + 13 * Math.cos(i * i);
        tape.bar({ open, close: open + 9 * Math.sin(i * 3), fillCostBps: 25.5 });
        tape.say(said[(i * 7) % 9]!, { quantity: 9876.54321, stopDistance: 30, targetDistance: 45 });
        if (restore) tape.book = JSON.parse(JSON.stringify(tape.book)) as typeof tape.book;
      }
      return tape;
    };
    const whole = play(false);
    const restored = play(true);
    expect(restored.settlements).toEqual(whole.settlements);
    expect(restored.book).toEqual(whole.book);
    expect(whole.fills.length).toBeGreaterThan(50);
    expect(whole.alerts).toContain('RISK_PAUSE');
    for (const { mark } of whole.settlements) {
      for (const [name, value] of Object.entries(mark)) expect(Object.is(value, -0), `${name} is −0`).toBe(false);
    }
  });
});

describe('place', () => {
  it('a later signal replaces what was pending; one that orders nothing cancels it', () => {
    const tape = new Tape().bar().say('long').say('short').bar();
    expect(tape.last.fills).toMatchObject([{ side: 'short' }]);
    const cancelled = new Tape().bar().say('long').say('flat').bar();
    expect(cancelled.last.fills).toEqual([]);
  });

  it('an order is filled or refused once', () => {
    const tape = new Tape().bar().say('long').bar({ open: 3000 });
    expect(tape.last.refused?.reason).toBe('beyond_stop');
    tape.bar();
    expect(tape.last.refused).toBeNull();
    expect(tape.last.fills).toEqual([]);
  });

  it('takes its book by reference and its signal by value', () => {
    const tape = new Tape().bar();
    const signal = tape.signal('long');
    place(tape.book, signal, tape.currentSlot);
    expect(tape.book.pending?.entry).toMatchObject({ side: 'long', quantity: 2000, size: 0.2 });
  });
});

describe('reset of the drawdown halt', () => {
  it('restarts the peak at the last mark and keeps the all-time peak', () => {
    const tape = new Tape()
      .bar()
      .say('long', { quantity: 100_000, stopDistance: 3000 })
      .bar()
      .bar({ open: 3900, close: 3900 });
    expect(tape.book.drawdownHalted).toBe(true);
    resetDrawdown(tape.book);
    expect(tape.book).toMatchObject({ drawdownHalted: false, peak: tape.book.equity, allTimePeak: 10_000 });
  });
});

it('the tape begins at 08:00 in Bogota', () => {
  expect(new Date(START).toISOString()).toBe('2026-06-02T13:00:00.000Z');
  expect(HOUR).toBe(3_600_000);
});
