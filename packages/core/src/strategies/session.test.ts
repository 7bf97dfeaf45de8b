/// <reference types="node" />
import { describe, expect, it } from 'vitest';
import { isPromise } from '../maybe.js';
import { FLAT } from '../market/position.js';
import { USD_COP } from '../market/instrument.js';
import { StrategyUnavailable } from '../errors.js';
import { defineStrategy, type AnySession, type AnyStrategy, type AnyView, type Turn } from './contract.js';
import type { Opinion } from './opinion.js';
import { askSession, openSession } from './session.js';

const view = (time = 0): AnyView => ({
  bar: { time, open: 1, high: 1, low: 1, close: 1, volume: 0 },
  features: {},
  vector: new Float64Array(0),
  position: FLAT,
  opinions: {},
});
const turn = (abort: AbortSignal = new AbortController().signal): Turn => ({ abort, deadline: 1e15 });
const flat: Opinion = { signal: 'flat', reasoning: 'nothing' };
const answering = (onBar: (view: AnyView, turn: Turn) => unknown): AnySession => ({
  onBar: onBar as AnySession['onBar'],
});
const options = { config: {}, instrument: USD_COP, featureHashes: {} };
const strategy = (create: AnyStrategy['create']): AnyStrategy =>
  defineStrategy({
    code: 'X',
    name: 'x',
    type: 'ML',
    apiVersion: 1,
    features: [],
    config: {},
    create: create as never,
  });

describe('askSession', () => {
  it('gives a synchronous answer without a promise', () => {
    const said = askSession(
      answering(() => flat),
      view(),
      turn(),
    );
    expect(isPromise(said)).toBe(false);
    expect(said).toBe(flat);
  });

  it('gives the answer of a promise', async () => {
    expect(
      await askSession(
        answering(async () => flat),
        view(),
        turn(),
      ),
    ).toBe(flat);
  });

  it.each([
    [
      'a throw',
      () => {
        throw new TypeError('boom');
      },
      /boom/,
    ],
    ['a rejection', () => Promise.reject(new Error('boom')), /boom/],
    [
      'something thrown that has no text',
      () => {
        throw Object.create(null);
      },
      /cannot be shown/,
    ],
    ['no answer', () => undefined, /malformed/],
    ['a direction without confidence', () => ({ signal: 'long', reasoning: 'x' }), /confidence/],
    ['a NaN confidence', async () => ({ signal: 'long', confidence: NaN, reasoning: 'x' }), /confidence/],
  ])('%s is none (unavailable) with the reason, and a fault', async (_, onBar, reason) => {
    const faults: string[] = [];
    const said = await askSession(answering(onBar), view(), turn(), (what) => faults.push(what));
    expect(said).toMatchObject({ signal: 'none', code: 'unavailable' });
    expect(said.reasoning).toMatch(reason);
    expect(faults).toEqual([said.reasoning]);
  });

  it('a strategy that never answers is none (timeout) as soon as the turn is aborted', async () => {
    const controller = new AbortController();
    const faults: string[] = [];
    const said = askSession(
      answering(() => new Promise(() => {})),
      view(),
      turn(controller.signal),
      (what) => faults.push(what),
    );
    controller.abort();
    expect(await said).toMatchObject({ signal: 'none', code: 'timeout' });
    expect(faults).toHaveLength(1);
  });

  it('an answer after the deadline does not count', async () => {
    const controller = new AbortController();
    const late = answering(() => {
      controller.abort();
      return flat;
    });
    expect(askSession(late, view(), turn(controller.signal))).toMatchObject({ signal: 'none', code: 'timeout' });
    const rejecting = answering((_, { abort }) => {
      abort.throwIfAborted();
      return flat;
    });
    expect(askSession(rejecting, view(), turn(controller.signal))).toMatchObject({ code: 'timeout' });
  });

  it('a none of its own is an answer, not a fault', () => {
    const none: Opinion = { signal: 'none', code: 'budget', reasoning: 'spent' };
    expect(
      askSession(
        answering(() => none),
        view(),
        turn(),
        () => expect.fail('a fault'),
      ),
    ).toBe(none);
  });
});

describe('openSession', () => {
  it('a declared artifact that is not given is STRATEGY_UNAVAILABLE naming it', async () => {
    const needy = defineStrategy({
      code: 'X',
      name: 'x',
      type: 'ML',
      apiVersion: 1,
      features: [],
      config: {},
      artifacts: { model: ['onnx'] },
      create: () => ({ onBar: () => flat }),
    });
    await expect(openSession(needy, options)).rejects.toThrow(/X needs the artifact model \(onnx\)/);
  });

  it('what create rejects with comes through', async () => {
    const refusing = strategy(() => {
      throw new StrategyUnavailable('no key');
    });
    await expect(openSession(refusing, options)).rejects.toMatchObject({ code: 'STRATEGY_UNAVAILABLE' });
  });

  it('saved state goes in and save comes out', async () => {
    const counting = strategy(({ saved }) => {
      let n = (saved as number | undefined) ?? 0;
      return {
        onBar: () => {
          n++;
          return flat;
        },
        save: () => n,
      };
    });
    const session = await openSession(counting, { ...options, saved: 4 });
    await askSession(session, view(), turn());
    expect(session.save?.()).toBe(5);
  });

  it('random depends on seed, strategy, symbol and bar, and on nothing that was drawn before', async () => {
    const draws: number[][] = [];
    const drawing = strategy(({ random }) => ({
      onBar: () => {
        draws.push([random(), random()]);
        return flat;
      },
    }));
    const session = await openSession(drawing, options);
    for (const time of [1, 2, 1]) await askSession(session, view(time), turn());
    const other = await openSession(drawing, { ...options, instrument: { ...USD_COP, symbol: 'EUR/USD' } });
    await askSession(other, view(1), turn());
    const seeded = await openSession(drawing, { ...options, seed: 9 });
    await askSession(seeded, view(1), turn());
    expect(draws[2]).toEqual(draws[0]);
    expect(new Set([draws[0]!, draws[1]!, draws[3]!, draws[4]!].map(String)).size).toBe(4);
    expect(draws.flat().every((x) => x >= 0 && x < 1)).toBe(true);
  });
});
