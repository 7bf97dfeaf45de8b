import { describe, expect, it } from 'vitest';
import { createCalendar } from '../market/calendar.js';
import { USDCOP_CALENDAR } from '../market/calendars.js';
import { USD_COP } from '../market/instrument.js';
import type { Bar } from '../market/bar.js';
import { openMarket } from '../market-state.js';
import { step, type Part, type Stages, type State } from '../pipeline.js';
import { openBook } from '../portfolio/book.js';
import { DEFAULT_RULES } from '../portfolio/types.js';
import { defineStrategy, type AnyStrategy } from '../strategies/contract.js';
import type { Opinion } from '../strategies/opinion.js';
import { seatAll } from '../strategies/seat.js';
import { replay } from '../backtest/replay.js';
import { defaultFeatures } from './default.js';
import { compileFeatures } from './engine.js';
import { parseFeatureConfig } from './parse.js';
import { PositionFeatures } from './position-features.js';
import { createSeriesTable } from './series.js';
import { syntheticBars } from './synthetic.fixture.js';

const calendar = createCalendar(USDCOP_CALENDAR);
const config = defaultFeatures();
const plan = compileFeatures(config, calendar);
const slot = (index: number) => ({ session: '2026-02-02', index, ordinal: index, last: index === 59 });
const own = () => new PositionFeatures(config.position_features, 60);

const OWN = ['position', 'unrealized_pnl', 'bars_held', 'slots_left'];
const seen: { bar: Bar; vector: Float64Array; features: Readonly<Record<string, number>> }[] = [];
const trader = defineStrategy({
  code: 'TRADER',
  name: 'Trader',
  type: 'RL',
  apiVersion: 1,
  features: ['slots_left', 'log_ret_5m', 'position', 'bars_held', 'unrealized_pnl'],
  config: { type: 'object' },
  create: () => ({ onBar: () => ({ signal: 'flat', reasoning: 'unused' }) }),
}) as AnyStrategy;

describe('rule 10: features of the strategy’s own position', () => {
  it('stand beside the 13 in the default file, with hashes, and are not part of a bar’s row', () => {
    expect(plan.names).toHaveLength(13);
    expect(plan.positionNames).toEqual(OWN);
    for (const name of OWN) expect(plan.hashes[name]).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set(OWN.map((name) => plan.hashes[name])).size).toBe(4);
  });

  it('are 0 when flat, and slots_left counts the slots still to come', () => {
    const row = own().update({ side: 'flat' }, slot(0));
    expect([...row.values]).toEqual([0, 0, 0, 59 / 60]);
    expect(own().update({ side: 'flat' }, slot(59)).values[3]).toBe(0);
  });

  it('give side, profit over equity and bars over slots per session in a position', () => {
    const position = { side: 'short', size: 0.2, entryPrice: 4000, barsHeld: 3, unrealizedPct: -1.5 } as const;
    expect([...own().update(position, slot(29)).values]).toEqual([-1, -0.015, 0.05, 0.5]);
    expect(own().update({ ...position, unrealizedPct: NaN }, slot(29)).status[1], 'no equity: missing').toBe(2);
  });

  it('are refused among bar features and bar sources among them, by name of the place', () => {
    const json = (key: string) => ({ version: '1.0.0', series: {}, features: config.features.slice(0, 1), [key]: [] });
    const position = config.position_features[0];
    expect(() => parseFeatureConfig({ ...json('features'), features: [position] })).toThrow(
      /features\.0\.source: a feature of the position stands under position_features/,
    );
    expect(() => parseFeatureConfig({ ...json('x'), x: undefined, position_features: config.features })).toThrow(
      /position_features\.0\.source/,
    );
    expect(() =>
      parseFeatureConfig({ ...json('features'), features: [{ ...config.features[0], transforms: [] }] }),
    ).toThrow(/transforms: must be a list/);
  });

  it('are taken after fills and mark of the bar, before the opinion, the same in step and replay', async () => {
    const bars = syntheticBars(calendar, '2026-02-02', '2026-02-12');
    const stages: Stages = {
      instrument: USD_COP,
      calendar,
      rules: DEFAULT_RULES,
      seats: seatAll([trader], plan, () => ({})),
    };
    const fresh = (): State => ({
      market: openMarket(plan, createSeriesTable(config, calendar), calendar),
      books: new Map([['TRADER', openBook(10_000)]]),
    });
    const ask = (_: unknown, view: { bar: Bar; vector: Float64Array; features: Readonly<Record<string, number>> }) => {
      seen.push({ bar: view.bar, vector: view.vector.slice(), features: view.features });
      const turn = Math.floor(seen.length / 7) % 4;
      const signal = turn === 0 ? 'long' : turn === 1 ? 'short' : turn === 2 ? 'close' : 'flat';
      return { signal, confidence: 0.9, reasoning: '' } as Opinion;
    };
    const run = async (drive: (state: State, onPart: (part: Part) => void) => unknown) => {
      seen.length = 0;
      const parts: { time: number; side: number; held: number; share: number }[] = [];
      await drive(fresh(), (part) => {
        const { position, equity } = part.book;
        parts.push({
          time: part.barTime,
          side: position === null ? 0 : position.side === 'long' ? 1 : -1,
          held: position?.barsHeld ?? 0,
          share: (position?.unrealizedPnl ?? 0) / equity,
        });
      });
      return { parts, seen: seen.map((one) => ({ ...one })) };
    };
    const stepped = await run((state, onPart) => {
      for (const bar of bars) onPart(step(stages, state, bar, ask).parts[0] as Part);
    });
    const replayed = await run((state, onPart) =>
      replay({ stages, state, bars, ask, onStep: (_, [part]) => onPart(part!) }),
    );
    expect(replayed).toEqual(stepped);

    const book = new Map(stepped.parts.map((part) => [part.time, part]));
    for (const { bar, vector, features } of stepped.seen) {
      const after = book.get(bar.time)!;
      const [left, , side, held, share] = vector;
      // the book after the bar holds exactly what its strategy saw: nothing fills between mark and opinion
      expect([side, held]).toEqual([after.side, after.held / 60]);
      expect(share).toBeCloseTo(after.share, 15);
      expect(left).toBe((59 - calendar.slot(bar.time)!.index) / 60);
      expect(features['position']).toBe(side);
    }
    const sides = new Set(stepped.parts.map((part) => part.side));
    expect([...sides].sort(), 'long, short and flat were all met').toEqual([-1, 0, 1]);
    const entries = stepped.seen.filter(({ vector }, i) => vector[2] !== 0 && stepped.seen[i - 1]?.vector[2] === 0);
    expect(entries.length).toBeGreaterThan(0);
    for (const { vector } of entries) expect(vector[3], '1 at the close of the entry bar').toBe(1 / 60);
    expect(Math.max(...stepped.seen.map(({ vector }) => Math.abs(vector[4]!)))).toBeGreaterThan(0);
  });
});
