import { describe, expect, it } from 'vitest';
import { replay } from './backtest/replay.js';
import { createEngine, type EngineEvent } from './engine.js';
import { defaultFeatures } from './features/default.js';
import { compileFeatures } from './features/engine.js';
import { openMarket } from './market-state.js';
import { USD_COP } from './market/instrument.js';
import type { Part } from './pipeline.js';
import { openBook } from './portfolio/book.js';
import { DEFAULT_RULES } from './portfolio/types.js';
import { defineStrategy } from './strategies/contract.js';
import { seatAll } from './strategies/seat.js';
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
    await expect(all(createEngine({ features: only }).use(fade('A')).run(bars))).rejects.toThrow(/A reads dxy_z/);
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
});
