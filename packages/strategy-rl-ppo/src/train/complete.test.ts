import {
  createCalendar,
  compileFeatures,
  createSeriesTable,
  defaultFeatures,
  USD_COP,
  USDCOP_CALENDAR,
} from '@signalbox/core';
import { createSimulator } from '@signalbox/core/testing';
import { expect, it } from 'vitest';
import { requireComplete } from './complete.js';
import trainer from './index.js';
import { splitSessions } from './split.js';

const features = defaultFeatures();
const calendar = createCalendar(USDCOP_CALENDAR);
const bars = createSimulator({ seed: 3, calendar, edge: 0, firstSession: '2021-01-04' })
  .sessions(20)
  .flatMap((session) => session.bars);
const request = (options: object) => ({
  instrument: USD_COP,
  calendar,
  features: compileFeatures(features, calendar),
  series: createSeriesTable(features, calendar),
  bars,
  world: 'market' as const,
  source: { kind: 'files' },
  seed: 1,
  options: options as Readonly<Record<string, unknown>>,
});

it('a training without macro values is refused by the features that are missing, and trains on nothing never', async () => {
  const error = await trainer.train(request({ iterations: 1 })).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: 'PARAMETER_INVALID', remedy: expect.stringContaining('--macro') });
  expect((error as Error).message).toContain('dxy_change_1d');
  expect((error as Error).message).not.toContain('rsi_9');
}, 30_000);

it('an option that only an object’s prototype has is none', async () => {
  for (const name of ['constructor', 'toString', '__proto__'])
    await expect(trainer.train(request(Object.fromEntries([[name, 1]])))).rejects.toMatchObject({
      code: 'PARAMETER_INVALID',
      message: expect.stringContaining(`no option ${name}`),
    });
});

it('each of the three parts needs a bar with all features that is not stale', () => {
  const split = splitSessions(20);
  const sessions = Array.from({ length: 21 }, (_, i) => 2 * i);
  const tape = () => ({ names: ['a', 'b'], status: new Uint8Array(80), quality: new Uint8Array(40), sessions });
  requireComplete(tape(), split);
  for (const part of ['training', 'validation', 'held'] as const) {
    const [stale, absent] = [tape(), tape()];
    for (const session of split[part])
      for (const bar of [2 * session, 2 * session + 1]) {
        stale.quality[bar] = 1;
        absent.status[2 * bar + 1] = 2;
      }
    expect(() => requireComplete(stale, split)).toThrow('stale');
    expect(() => requireComplete(absent, split)).toThrow('never have b');
  }
});
