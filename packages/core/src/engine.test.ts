import { describe, expect, it } from 'vitest';
import { replay } from './backtest/replay.js';
import { createEngine, type EngineBar, type EngineEvent } from './engine.js';
import { defaultFeatures } from './features/default.js';
import { compileFeatures } from './features/engine.js';
import { parseFeatureConfig } from './features/parse.js';
import { openMarket } from './market-state.js';
import { USD_COP } from './market/instrument.js';
import type { Part } from './pipeline.js';
import { openBook } from './portfolio/book.js';
import { DEFAULT_RULES } from './portfolio/types.js';
import { defineStrategy } from './strategies/contract.js';
import { seatAll } from './strategies/seat.js';
import { runConformance } from './testing/conformance/conformance.js';
import { fixtureWorld, seriesOf } from './testing/world.js';

const world = fixtureWorld();
const { bars, macro, calendar, plan, features } = world;
const closed: string[] = [];
const fade = (code: string, limit = 0.5) =>
  defineStrategy({
    code,
    name: code,
    type: 'ML',
    apiVersion: 1,
    features: ['rsi_9', 'dxy_z'],
    config: { type: 'object', properties: { limit: { type: 'number', default: 0.5 } }, additionalProperties: false },
    create: ({ config, instrument }) => ({
      onBar: ({ features: { rsi_9 } }) => ({
        signal: rsi_9 > (config.limit ?? limit) ? 'short' : 'long',
        confidence: 0.9,
        reasoning: `rsi_9 ${rsi_9}`,
      }),
      close: () => void closed.push(`${code} ${instrument.symbol}`),
    }),
  });
async function all(events: AsyncIterable<EngineEvent>): Promise<EngineEvent[]> {
  const seen: EngineEvent[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('createEngine', () => {
  it('says what replay says over the same bars: one path', async () => {
    const events = await all(createEngine({ macro }).use(fade('FADE')).run(bars));
    const seats = seatAll([fade('FADE')], compileFeatures(defaultFeatures(), calendar), () => ({}));
    const parts: Pick<Part, 'fills' | 'mark' | 'outcome'>[] = [];
    await replay({
      stages: { instrument: USD_COP, calendar, rules: DEFAULT_RULES, seats },
      state: {
        market: openMarket(plan, seriesOf(world, macro), calendar),
        books: new Map([['FADE', openBook(10_000)]]),
      },
      bars,
      ask: (_, view) => ({
        signal: view.features['rsi_9']! > 0.5 ? 'short' : 'long',
        confidence: 0.9,
        reasoning: `rsi_9 ${view.features['rsi_9']}`,
      }),
      onStep: (_, [part]) => void parts.push({ fills: part!.fills, mark: part!.mark, outcome: part!.outcome }),
    });
    const of = <T extends EngineEvent['type']>(type: T) =>
      events.filter((event): event is Extract<EngineEvent, { type: T }> => event.type === type);
    const outcomes = parts.map(({ outcome }) => outcome);
    expect(of('signal').map(({ signal }) => signal)).toEqual(outcomes.filter(({ kind }) => kind === 'signal'));
    expect(of('none').map(({ none }) => none)).toEqual(outcomes.filter(({ kind }) => kind === 'none'));
    expect(of('equity').map(({ mark }) => mark)).toEqual(parts.map(({ mark }) => mark));
    expect(of('fill').map(({ fill }) => fill)).toEqual(parts.flatMap(({ fills }) => fills));
    expect(of('signal').length).toBeGreaterThan(300);
    expect(of('fill').length).toBeGreaterThan(10);
  });

  it('keeps symbols apart: two interleaved say what each says alone', async () => {
    const other = { ...USD_COP, symbol: 'USD/TWO' };
    const shifted = bars.map((bar) => ({ ...bar, symbol: 'USD/TWO', close: bar.open, open: bar.close }));
    const both = bars.flatMap((bar, i) => [bar, shifted[i]!]);
    const engine = createEngine({ instruments: [USD_COP, other], macro }).use(fade('FADE'));
    const together = await all(engine.run(both));
    expect(together.filter(({ symbol }) => symbol === 'USD/COP')).toEqual(await all(engine.run(bars)));
    expect(together.filter(({ symbol }) => symbol === 'USD/TWO')).toEqual(await all(engine.run(shifted)));
  });

  it('takes bars as they come, and closes its sessions when the loop is left', async () => {
    closed.length = 0;
    async function* feed() {
      for (const bar of bars) yield await Promise.resolve(bar);
    }
    let seen = 0;
    for await (const _ of createEngine({ macro }).use(fade('A')).use(fade('B')).run(feed())) if (++seen === 10) break;
    expect(closed).toEqual(['A USD/COP', 'B USD/COP']);
  });

  it('a session whose close throws leaves none of the others open, and is told; an error of the run itself comes first', async () => {
    const clumsy = (code: string) => {
      const whole = fade(code);
      return {
        ...whole,
        async create(context: never) {
          const session = await whole.create(context);
          const close = async () => {
            await session.close?.();
            throw new TypeError(`${code} does not close`);
          };
          return { ...session, close };
        },
      } as typeof whole;
    };
    const other = { ...USD_COP, symbol: 'USD/TWO' };
    const two = bars.slice(0, 3).flatMap((bar) => [bar, { ...bar, symbol: 'USD/TWO' }]);
    const engine = () =>
      createEngine({ macro, instruments: [USD_COP, other] })
        .use(clumsy('A'))
        .use(fade('B'));
    closed.length = 0;
    const problem = await all(engine().run(two)).catch((error: unknown) => error);
    expect(closed).toEqual(['A USD/COP', 'B USD/COP', 'A USD/TWO', 'B USD/TWO']);
    expect((problem as AggregateError).errors.map(String)).toEqual(Array(2).fill('TypeError: A does not close'));
    closed.length = 0;
    const broken = function* () {
      yield two[0]!;
      throw new RangeError('the feed ends');
    };
    await expect(all(engine().run(broken()))).rejects.toThrow('the feed ends');
    expect(closed).toEqual(['A USD/COP', 'B USD/COP']);
    // one that does not open is told by its own error
    const refusing = { ...fade('C'), create: () => Promise.reject(new RangeError('C does not open')) };
    closed.length = 0;
    await expect(all(engine().use(refusing).run(two))).rejects.toThrow('C does not open');
    expect(closed).toEqual(['A USD/COP', 'B USD/COP']);
  });

  it('tells of a bar outside the session, and nothing sees it', async () => {
    const night = { ...bars[0]!, time: bars[0]!.time - 3_600_000 };
    const engine = createEngine({ macro }).use(fade('FADE'));
    const [first, ...rest] = await all(engine.run([night, ...bars]));
    expect(first).toEqual({ type: 'outside_session', symbol: 'USD/COP', time: night.time });
    expect(rest).toEqual(await all(engine.run(bars)));
  });

  it('refuses by name: a strategy twice, a wrong configuration, an unknown feature, symbol or calendar', async () => {
    const engine = createEngine({
      validate: (_, value) => ('x' in (value as object) ? [{ path: '/x', message: 'is unknown' }] : []),
    });
    expect(() => engine.use(fade('A')).use(fade('A'))).toThrow(/uses A already/);
    expect(() => engine.use(fade('C'), { config: { x: 1 } })).toThrow(/configuration of C: \/x is unknown/);
    await expect(all(engine.run([{ ...bars[0]!, symbol: 'EUR/USD' }]))).rejects.toMatchObject({
      code: 'SYMBOL_UNKNOWN',
    });
    const only = { ...features, features: features.features.filter(({ name }) => name === 'rsi_9') };
    expect(() => createEngine({ features: only }).use(fade('A'))).toThrow(
      expect.objectContaining({ code: 'FEATURE_UNKNOWN', message: expect.stringMatching(/A reads dxy_z/) }),
    );
    const moon = { ...USD_COP, calendar: 'moon' };
    await expect(
      all(
        createEngine({ instruments: [moon] })
          .use(fade('A'))
          .run(bars),
      ),
    ).rejects.toMatchObject({ code: 'CALENDAR_UNKNOWN' });
    expect(() => createEngine({ instruments: [] })).toThrow(/needs an instrument/);
  });

  it('daily values that can be read only once reach every symbol and every run', async () => {
    const once = (function* () {
      yield* macro;
    })();
    const engine = createEngine({ macro: once }).use(fade('FADE'));
    const wanted = await all(createEngine({ macro }).use(fade('FADE')).run(bars));
    expect(await all(engine.run(bars))).toEqual(wanted);
    expect(await all(engine.run(bars))).toEqual(wanted);
  });

  it.each([
    ['a negative price', { low: -5 }, /low is -5/],
    ['a price of 0, as an empty cell gives', { open: 0 }, /open is 0/],
    ['a price that is no number', { close: NaN }, /close is NaN/],
    ['a price that is text', { close: '4000' }, /close is 4000/],
    ['a high below the close', { high: bars[5]!.low }, /high is the highest/],
    ['a volume that is absent', { volume: undefined }, /volume is undefined/],
    ['a time that is none', { time: NaN }, /time is NaN/],
    ['a time that was there already', { time: bars[4]!.time }, /not later than the one before/],
  ])(
    '%s is refused as BAR_INVALID, naming symbol, time and field; the bars before it count',
    async (_, change, message) => {
      const wrong = bars.slice(0, 6).map((bar, i) => (i === 5 ? { ...bar, ...(change as object) } : bar));
      const seen: EngineEvent[] = [];
      const run = async () => {
        for await (const event of createEngine({ macro }).use(fade('A')).run(wrong)) seen.push(event);
      };
      await expect(run()).rejects.toMatchObject({ code: 'BAR_INVALID', message: expect.stringMatching(message) });
      await expect(run()).rejects.toThrow('USD/COP');
      expect(seen.filter(({ type }) => type === 'equity')).toHaveLength(10);
    },
  );
});

describe('features of another symbol', () => {
  const config = parseFeatureConfig({
    version: '1.0.0',
    series: {},
    features: ['USD/COP', 'USD/MXN'].map((symbol) => ({
      name: symbol === 'USD/MXN' ? 'mxn' : 'cop',
      source: { bar: 'close', symbol },
      transforms: [{ name: 'log_return', slots: 1 }],
      normalisation: { kind: 'none' },
      stable_after: 2,
    })),
  });
  const two = fixtureWorld({ features: config, sessions: 2 });
  const mxn = two.others['USD/MXN']!.map((bar) => ({ ...bar, symbol: 'USD/MXN' }));
  const cop = two.bars.map((bar) => ({ ...bar, symbol: 'USD/COP' }));
  const reading = defineStrategy({
    code: 'READ',
    name: 'READ',
    type: 'ML',
    apiVersion: 1,
    features: ['cop', 'mxn'],
    config: { type: 'object' },
    create: () => ({
      onBar: ({ features: { cop, mxn } }) => ({ signal: 'flat', reasoning: `${cop} ${mxn}` }),
    }),
  });
  const instruments = [USD_COP, { ...USD_COP, symbol: 'USD/MXN' }];
  const said = async (tape: readonly EngineBar[], options = {}) =>
    (
      await all(
        createEngine({ features: config, ...options })
          .use(reading)
          .run(tape),
      )
    )
      .flatMap((event) => (event.type === 'signal' ? [event] : []))
      .map(({ symbol, time, signal }) => `${symbol} ${time} ${signal.reasoning}`);
  const merged = cop.flatMap((bar, i) => [bar, mxn[i]!]);

  it('are of the bar of the same time, whichever of the two comes first, and whether the other is traded or only read', async () => {
    const found = await said(merged);
    expect(found.length).toBeGreaterThan(100);
    for (const line of found) {
      const [symbol, time, own, other] = line.split(' ');
      const i = cop.findIndex((bar) => bar.time === Number(time));
      expect(symbol).toBe('USD/COP');
      expect(Number(own)).toBeCloseTo(Math.log(cop[i]!.close / cop[i - 1]!.close), 12);
      expect(Number(other)).toBeCloseTo(Math.log(mxn[i]!.close / mxn[i - 1]!.close), 12);
    }
    expect(await said(cop.flatMap((bar, i) => [mxn[i]!, bar]))).toEqual(found);
    const both = await said(merged, { instruments });
    expect(both.filter((line) => line.startsWith('USD/COP'))).toEqual(found);
    expect(both).toHaveLength(2 * found.length);
  });

  it('a bar whose other one does not come is taken with the next time, and the last with the end', async () => {
    const gone = new Set([50, cop.length - 1]);
    const engine = createEngine({ features: config }).use(reading);
    const events = await all(engine.run(cop.flatMap((bar, i) => (gone.has(i) ? [bar] : [bar, mxn[i]!]))));
    const times = events.flatMap((event) => (event.type === 'equity' ? [event.time] : []));
    expect(times).toEqual(cop.map(({ time }) => time));
    const none = events.flatMap((event) => (event.type === 'none' && event.time > cop[2]!.time ? [event.time] : []));
    expect(none).toEqual(expect.arrayContaining([...gone].map((i) => cop[i]!.time)));
  });

  it('the other symbol’s bars that come after those that read them are refused by name, not silently missing', async () => {
    await expect(said([...cop, ...mxn])).rejects.toMatchObject({
      code: 'BAR_INVALID',
      message: expect.stringMatching(/of USD\/MXN: features of other bars read it/),
    });
  });

  it('the test kit simulates the other symbol, or takes its bars, and asks the strategy', async () => {
    const lines = (report: Awaited<ReturnType<typeof runConformance>>) =>
      report.cases.find(({ name }) => name === 'future')!;
    const options = { features: config, sessions: 6, validate: () => [] };
    expect(lines(await runConformance(reading, options))).toMatchObject({
      status: 'pass',
      detail: expect.stringMatching(/^[1-9]\d+ answers/),
    });
    const { bars: own, others } = fixtureWorld({ features: config, sessions: 6, seed: 3 });
    const given = await runConformance(reading, { ...options, bars: own, others });
    expect(given.cases.find(({ name }) => name === 'opinions')).toMatchObject({ status: 'pass' });
    expect(lines(given)).toMatchObject({ status: 'pass' });
  });
});
