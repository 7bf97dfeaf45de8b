import { describe, expect, it } from 'vitest';
import { defaultFeatures } from './features/default.js';
import { compileFeatures } from './features/engine.js';
import { createSeriesTable } from './features/series.js';
import { openMarket } from './market-state.js';
import type { Bar } from './market/bar.js';
import { createCalendar } from './market/calendar.js';
import { USDCOP_CALENDAR } from './market/calendars.js';
import { USD_COP } from './market/instrument.js';
import { isPromise } from './maybe.js';
import { step, type Ask, type Part, type Stages, type State } from './pipeline.js';
import { openBook } from './portfolio/book.js';
import { DEFAULT_RULES, type Book } from './portfolio/types.js';
import { defineStrategy, type AnyStrategy, type AnyView } from './strategies/contract.js';
import type { Opinion } from './strategies/opinion.js';
import { seatAll } from './strategies/seat.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(
  { ...config, features: config.features.filter(({ name }) => name === 'log_ret_5m' || name === 'rsi_9') },
  calendar,
);

/** Eight sessions around 4,000, each bar a wave on a wave; nothing in it is random. */
const bars: Bar[] = calendar.sessionsBetween('2026-02-02', '2026-02-11').flatMap((date, day) =>
  Array.from({ length: 60 }, (_, i) => {
    const k = day * 60 + i;
    const price = (at: number) => Math.round(100 * (4000 + 30 * Math.sin(at / 11) + 9 * Math.sin(at * 1.7))) / 100;
    const [open, close] = [price(k - 1), price(k)];
    const time = calendar.sessionOpen(date)! + i * calendar.slotMs;
    return { time, open, high: Math.max(open, close) + 2, low: Math.min(open, close) - 2, close, volume: 0 };
  }),
);
/** The first bar at which rsi_9 and ATR14 are there. */
const READY = 200;

function strategy(code: string, features: readonly string[], members: readonly string[] = []): AnyStrategy {
  return defineStrategy({
    code,
    name: code,
    type: members.length > 0 ? 'ENSEMBLE' : 'RL',
    apiVersion: 1,
    features,
    members,
    config: { type: 'object' },
    create: () => ({ onBar: () => ({ signal: 'flat', reasoning: 'unused: `ask` answers here' }) }),
  }) as AnyStrategy;
}
// the ensemble stands first in the list and last at the table
const strategies = [
  strategy('VOTE', [], ['WAVE', 'RSI', 'ABSENT']),
  strategy('WAVE', ['log_ret_5m']),
  strategy('RSI', ['rsi_9']),
];
const stages: Stages = {
  instrument: USD_COP,
  calendar,
  rules: DEFAULT_RULES,
  seats: seatAll(strategies, plan.names, () => ({})),
};
const freshState = (): State => ({
  market: openMarket(plan, createSeriesTable({ series: config.series }, calendar), calendar),
  books: new Map(stages.seats.map((seat) => [seat.code, openBook(10_000)])),
});

/** Follows moves, fades extremes, and a vote of both: every kind of opinion and every cell of the position table. */
const answer: Ask = (seat, view): Opinion => {
  if (seat.code === 'WAVE') {
    const move = view.features['log_ret_5m']!;
    if (Math.abs(move) < 0.0005) return { signal: view.position.side === 'flat' ? 'flat' : 'close', reasoning: 'calm' };
    return { signal: move > 0 ? 'long' : 'short', confidence: Math.min(1, Math.abs(move) * 400), reasoning: `${move}` };
  }
  if (seat.code === 'RSI') {
    const rsi = view.features['rsi_9']!;
    if (rsi > 0.45 && rsi < 0.55) return { signal: 'none', code: 'unavailable', reasoning: 'no view' };
    return { signal: rsi > 0.5 ? 'short' : 'long', confidence: Math.abs(2 * rsi - 1), reasoning: `${rsi}` };
  }
  const said = Object.values(view.opinions).filter((member) => member!.signal === 'long' || member!.signal === 'short');
  if (said.length < 2) return { signal: 'none', code: 'quorum', reasoning: `${said.length} directions` };
  const [a, b] = said;
  if (a!.signal !== b!.signal) return { signal: 'close', reasoning: 'they differ' };
  return { signal: a!.signal, confidence: 0.9, reasoning: 'they agree' } as Opinion;
};

interface Run {
  readonly parts: unknown[];
  readonly views: { code: string; view: AnyView }[];
}
const copy = (part: Part): unknown => structuredClone({ ...part, vector: part.vector && [...part.vector] });

function run(tape: readonly Bar[], options: { ask?: Ask; restore?: boolean; state?: State } = {}): Run {
  const { ask = answer, restore = false } = options;
  let state = options.state ?? freshState();
  const views: Run['views'] = [];
  const watching: Ask = (seat, view) => {
    views.push({ code: seat.code, view: { ...view, vector: view.vector.slice() } });
    return ask(seat, view);
  };
  const parts = tape.flatMap((bar) => {
    const stepped = step(stages, state, bar, watching);
    const copies = stepped.parts.map((part) => copy(part as Part));
    if (restore) {
      const books = JSON.parse(JSON.stringify([...state.books])) as [string, Book][];
      state = { ...state, books: new Map(books) };
    }
    return copies;
  });
  return { parts, views };
}
const parts = (result: Run, code: string) => (result.parts as Part[]).filter((part) => part.strategy === code);

const whole = run(bars);

describe('step', () => {
  it('the mini-market exercises fills, refusals and every kind of outcome', () => {
    const all = whole.parts as Part[];
    const seen = new Set(
      all.flatMap((part) => (part.outcome.kind === 'none' ? part.outcome.code : part.outcome.signal)),
    );
    expect([...seen].sort()).toEqual(
      ['close', 'flat', 'long', 'quorum', 'short', 'unavailable', 'warming_up', 'missing_feature'].sort(),
    );
    const reasons = new Set(all.flatMap((part) => part.fills.map((fill) => fill.reason)));
    expect([...reasons]).toEqual(expect.arrayContaining([null, 'signal', 'flip', 'session_end']));
    expect(all.some((part) => part.refused)).toBe(true);
  });

  it('gives the parts in the order of the seats, members before their ensemble', () => {
    expect(stages.seats.map((seat) => seat.code)).toEqual(['WAVE', 'RSI', 'VOTE']);
    expect((whole.parts as Part[]).slice(0, 3).map((part) => part.strategy)).toEqual(['WAVE', 'RSI', 'VOTE']);
  });

  it('settle before features and ask: what a bar orders fills at the next open, and the account shows it after its mark', () => {
    const wave = parts(whole, 'WAVE');
    const i = wave.findIndex((part) => part.fills.some((fill) => fill.action === 'open'));
    const before = wave[i - 1]!;
    const opened = wave[i]!.fills.find((fill) => fill.action === 'open')!;
    expect(before.outcome).toMatchObject({ kind: 'signal', signal: opened.side, notTraded: null });
    expect(before.book.pending).not.toBeNull();
    expect(opened).toMatchObject({ price: bars[i]!.open, time: bars[i]!.time });
    const { view } = whole.views.find(({ code, view: { bar } }) => code === 'WAVE' && bar.time === bars[i]!.time)!;
    expect(view.position).toMatchObject({ side: opened.side, barsHeld: 1 });
    expect(view.features['log_ret_5m']).toBeCloseTo(Math.log(bars[i]!.close / bars[i - 1]!.close), 12);
    expect([...view.vector]).toEqual([view.features['log_ret_5m']]);
  });

  it('a fill pays the cost known before its bar, half of it a fill', () => {
    const state = freshState();
    let checked = 0;
    for (const bar of bars) {
      const known = state.market.costBps;
      for (const part of step(stages, state, bar, answer).parts as Part[]) {
        for (const fill of part.fills) {
          expect(Math.abs(fill.fee - (fill.quantity * known) / 2 / 10_000)).toBeLessThanOrEqual(0.00500001);
          checked += known < 51 ? 1 : 0;
        }
      }
    }
    expect(checked, 'fills at a cost below the dearest').toBeGreaterThan(10);
  });

  it('an ensemble sees the opinions of the same bar, and not of who is not at the table', () => {
    for (const { view } of whole.views.filter(({ code }) => code === 'VOTE').slice(-50)) {
      expect(Object.keys(view.opinions)).toEqual(['WAVE', 'RSI']);
      const wave = parts(whole, 'WAVE').find((part) => part.barTime === view.bar.time)!;
      expect(view.opinions['WAVE']).toMatchObject(wave.opinion);
    }
  });

  it("a member's close tells its ensemble which side it leaves", () => {
    const closing = whole.views.filter(
      ({ code, view }) => code === 'VOTE' && view.opinions['WAVE']?.signal === 'close',
    );
    expect(closing.length).toBeGreaterThan(5);
    for (const { view } of closing) {
      const wave = parts(whole, 'WAVE').find((part) => part.barTime === view.bar.time)!;
      expect(view.opinions['WAVE']).toMatchObject({ closes: wave.position!.side });
    }
  });

  it('nobody is asked before its own features are there, and the reason is kept', () => {
    const asked = (code: string) => whole.views.find((view) => view.code === code)!.view.bar.time;
    expect(asked('WAVE')).toBe(bars[1]!.time);
    expect(asked('RSI')).toBe(bars[READY]!.time);
    expect(parts(whole, 'RSI')[5]!.outcome).toMatchObject({
      kind: 'none',
      code: 'warming_up',
      detail: 'warming up: rsi_9',
    });
    expect(parts(whole, 'RSI')[5]!.vector).toBeNull();
    // a direction before ATR14 is there
    const early = parts(whole, 'WAVE')
      .slice(0, 150)
      .filter((part) => part.opinion.signal === 'long');
    expect(early.length).toBeGreaterThan(10);
    for (const part of early) expect(part.outcome).toMatchObject({ kind: 'none', code: 'missing_feature' });
  });

  it('does not look ahead: bars to come change nothing before them', () => {
    const cut = 333;
    expect(run(bars.slice(0, cut)).parts).toEqual(whole.parts.slice(0, cut * 3));
  });

  it('with promises the parts are the same', async () => {
    const state = freshState();
    const later: Ask = async (seat, view) => {
      // the second member answers last
      for (let i = 0; i < (seat.code === 'RSI' ? 5 : 1); i++) await Promise.resolve();
      return answer(seat, view);
    };
    const result: unknown[] = [];
    for (const bar of bars) {
      const stepped = step(stages, state, bar, later);
      result.push(...(await Promise.all(stepped.parts)).map(copy));
    }
    expect(result).toEqual(whole.parts);
  });

  it('only who waits gives a promise: a slow strategy holds back its ensemble and nobody else', () => {
    const state = freshState();
    const slow: Ask = (seat, view) => (seat.code === 'RSI' ? Promise.resolve(answer(seat, view)) : answer(seat, view));
    const last = bars.map((bar) => step(stages, state, bar, slow)).at(-1)!;
    expect(last.parts.map(isPromise)).toEqual([false, true, true]);
  });

  it('books restored from JSON between bars give the same parts to the bit', () => {
    expect(run(bars, { restore: true }).parts).toEqual(whole.parts);
  });

  it('a malformed answer is none (unavailable) for the signal and for the ensemble', () => {
    const broken: Ask = (seat, view) =>
      seat.code === 'WAVE' ? ({ signal: 'long', confidence: NaN, reasoning: '' } as Opinion) : answer(seat, view);
    const { views, parts: all } = run(bars.slice(0, READY + 20), { ask: broken });
    const last = (all as Part[]).filter((part) => part.strategy === 'WAVE').at(-1)!;
    expect(last.outcome).toMatchObject({
      kind: 'none',
      code: 'unavailable',
      detail: expect.stringContaining('confidence'),
    });
    expect(views.at(-1)!.view.opinions['WAVE']).toMatchObject({ signal: 'none', code: 'unavailable' });
  });

  it('twelve equal closes: nobody is asked, and an open position is still settled', () => {
    const flat = bars
      .slice(READY + 10, READY + 25)
      .map((bar) => ({ ...bar, open: 4000, high: 4000, low: 4000, close: 4000 }));
    const tape = [...bars.slice(0, READY + 10), ...flat];
    const { views, parts: all } = run(tape);
    const asked = new Set(views.map(({ view }) => view.bar.time));
    expect(flat.map((bar) => asked.has(bar.time))).toEqual([
      ...Array<boolean>(11).fill(true),
      false,
      false,
      false,
      false,
    ]);
    for (const part of (all as Part[]).slice(-3)) {
      expect(part.outcome).toMatchObject({ kind: 'none', code: 'stale' });
      expect(part.book.lastBarTime).toBe(flat.at(-1)!.time);
    }
  });

  it('a suspect price: entries of that bar and the next two are refused at the open after them', () => {
    const at = READY + 15;
    const tape = bars.slice(0, at + 6).map((bar, i) => {
      const shift = i >= at ? 1.06 : 1;
      const moved = (price: number) => Math.round(price * shift * 100) / 100;
      return { ...bar, open: moved(bar.open), high: moved(bar.high), low: moved(bar.low), close: moved(bar.close) };
    });
    // from the jump on it alternates, so that every bar asks for an entry
    const eager: Ask = (seat, view) => {
      if (view.bar.time < tape[at - 1]!.time) return { signal: 'flat', reasoning: '' };
      return { signal: view.position.side === 'long' ? 'short' : 'long', confidence: 0.5, reasoning: seat.code };
    };
    const wave = (run(tape, { ask: eager }).parts as Part[]).filter((part) => part.strategy === 'WAVE').slice(at - 1);
    const own = wave.map(({ outcome }) => (outcome.kind === 'signal' ? outcome.notTraded : outcome.code));
    expect(own).toEqual([null, 'suspect_price', 'suspect_price', 'suspect_price', null, null, null]);
    // the bar after the calm signal opens far above its target, the next three opens refuse the suspect signals
    expect(wave.map((part) => part.refused?.reason ?? null)).toEqual([
      null,
      'beyond_target',
      'suspect_price',
      'suspect_price',
      'suspect_price',
      null,
      null,
    ]);
  });

  it('a bar outside the calendar, or before the last one, is refused', () => {
    const state = freshState();
    step(stages, state, bars[1]!, answer);
    expect(() => step(stages, state, { ...bars[2]!, time: bars[2]!.time + 60_000 }, answer)).toThrow(RangeError);
    expect(() => step(stages, state, bars[0]!, answer)).toThrow(RangeError);
  });
});

describe('a bar that is decided upon more than one bar late', () => {
  it('opens nothing: the signal is stored as too_old, and what its opposite held is closed all the same', () => {
    const entries = (tooOld: (i: number) => boolean) => {
      const state = freshState();
      let opened = 0;
      let closed = 0;
      const reasons = new Set<string | null>();
      bars.forEach((bar, i) => {
        for (const part of step(stages, { ...state, tooOld: tooOld(i) }, bar, answer).parts) {
          if (isPromise(part)) throw new Error('a promise');
          opened += part.fills.filter((fill) => fill.action === 'open').length;
          closed += part.fills.filter((fill) => fill.action === 'close').length;
          if (tooOld(i) && part.outcome.kind === 'signal' && part.outcome.size) reasons.add(part.outcome.notTraded);
        }
      });
      return { opened, closed, reasons };
    };
    expect(entries(() => false).opened).toBeGreaterThan(10);
    const late = entries(() => true);
    expect(late.opened).toBe(0);
    expect(late.reasons.has('too_old')).toBe(true);
    expect(late.reasons.has(null)).toBe(false);
    // live for a while, then late: exits go on
    const half = entries((i) => i >= READY + 100);
    expect(half.opened).toBeGreaterThan(0);
    expect(half.closed).toBe(half.opened);
  });
});
