import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import { USD_COP } from '../market/instrument.js';
import { PriceQuality } from '../market/quality.js';
import { isPromise } from '../maybe.js';
import { step, type Ask, type Part, type Stages, type State } from '../pipeline.js';
import { openBook } from '../portfolio/book.js';
import { DEFAULT_RULES } from '../portfolio/types.js';
import { Volatility } from '../signals/volatility.js';
import type { Seat } from '../strategies/seat.js';
import { createSimulator } from '../testing/simulator.js';
import { replay } from './replay.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const simulator = createSimulator({ seed: 7, calendar, edge: 0.2, firstSession: '2024-01-02' });
const bars = simulator.sessions(12).flatMap((session) => session.bars);

const seatOf = (code: string, members: string[] = []): Seat => ({
  code,
  type: members.length > 0 ? 'ENSEMBLE' : 'RL',
  features: [],
  columns: new Int32Array(0),
  acceptsMissing: new Uint8Array(0),
  members,
  confidenceFloor: 0,
  vector: new Float64Array(0),
});
const stages: Stages = {
  instrument: USD_COP,
  calendar,
  rules: DEFAULT_RULES,
  seats: [seatOf('TREND'), seatOf('BOTH', ['TREND'])],
};

function freshState(): State {
  const row = { names: [], values: new Float64Array(0), status: new Uint8Array(0) };
  return {
    market: {
      features: { row, push: () => row, save() {}, restore() {} },
      volatility: new Volatility(calendar.slotsPerSession),
      quality: new PriceQuality(),
      costBps: 51,
    },
    books: new Map(stages.seats.map((seat) => [seat.code, openBook(10_000)])),
  };
}

/** Follows the bar's body; its ensemble repeats it. */
const ask: Ask = (seat, view) => {
  const said = view.opinions['TREND'];
  if (seat.code === 'BOTH') return said ?? { signal: 'none', code: 'quorum', reasoning: 'nobody' };
  const up = view.bar.close > view.bar.open;
  return { signal: up ? 'long' : 'short', confidence: 0.8, reasoning: up ? 'up' : 'down' };
};
const copy = (part: Part): unknown => JSON.parse(JSON.stringify(part));

describe('replay', () => {
  it('is a loop over the step: the same parts, bar by bar, and no promise where nothing gives one', () => {
    const state = freshState();
    const expected = bars.flatMap((bar) => step(stages, state, bar, ask).parts.map((part) => copy(part as Part)));
    const parts: unknown[] = [];
    const result = replay({
      stages,
      state: freshState(),
      bars,
      ask,
      onStep: (_, all) => void parts.push(...all.map(copy)),
    });
    expect(isPromise(result)).toBe(false);
    expect(result).toEqual({ warmed: 0, stepped: bars.length });
    expect(parts).toEqual(expected);
    expect(parts.some((part) => (part as Part).fills.length > 0)).toBe(true);
  });

  it('gives the same parts when strategies and store answer later', async () => {
    const now: unknown[] = [];
    await replay({ stages, state: freshState(), bars, ask, onStep: (_, all) => void now.push(...all.map(copy)) });
    const later: unknown[] = [];
    let storing = 0;
    await replay({
      stages,
      state: freshState(),
      bars,
      ask: async (seat, view) => ask(seat, view),
      onStep: async (_, all) => {
        expect(++storing).toBe(1);
        await Promise.resolve();
        later.push(...all.map(copy));
        storing--;
      },
    });
    expect(later).toEqual(now);
  });

  it('before `from` nobody is asked and no book moves, and the market is remembered all the same', () => {
    const from = bars[300]!.time;
    const whole = freshState();
    replay({ stages, state: whole, bars, ask });
    const state = freshState();
    const asked: number[] = [];
    const watching: Ask = (seat, view) => {
      asked.push(view.bar.time);
      return ask(seat, view);
    };
    expect(replay({ stages, state, bars, from, ask: watching })).toEqual({ warmed: 300, stepped: bars.length - 300 });
    expect(Math.min(...asked)).toBe(from);
    expect(state.market.costBps).toBe(whole.market.costBps);
    // had the state begun at `from`, ATR14 would still be warming up at the next session's end
    const atr: number[] = [];
    replay({ stages, state: freshState(), bars, from, ask, onStep: ({ market }) => void atr.push(market.atr14) });
    expect(atr[0]).toBeGreaterThan(0);
  });

  it('tells of its progress, and ends when that throws', () => {
    const seen: number[] = [];
    replay({ stages, state: freshState(), bars, from: Infinity, ask, onProgress: (done) => void seen.push(done) });
    expect(seen).toEqual([bars.length]);
    const many = simulator.sessions(40).flatMap((session) => session.bars);
    let steps = 0;
    const cancelled = (): unknown =>
      replay({
        stages,
        state: freshState(),
        bars: many,
        ask,
        onStep: () => void steps++,
        onProgress: () => {
          throw new Error('cancelled');
        },
      });
    expect(cancelled).toThrowError('cancelled');
    expect(steps).toBe(1000);
  });
});
