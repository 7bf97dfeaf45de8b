import { describe, expect, it } from 'vitest';
import { playBaselines, type BaselineAct } from './baselines.js';

const SLOT = 300_000;
const BARS = 20_000;

/** Entries where a position lasts `held` bars and takes no other, the place of stops and session ends. */
const market = (held: number) => (_: string, act: BaselineAct) => {
  const said = { entries: 0, long: 0 };
  let free = 0;
  for (let i = 0; i < BARS; i++) {
    const { signal } = act(i * SLOT);
    if (signal === 'flat' || i < free) continue;
    said.entries++;
    if (signal === 'long') said.long++;
    free = i + held;
  }
  return said;
};
const play = (turnover: number, held: number) => {
  let plays = 0;
  const count = (name: string, act: BaselineAct) => {
    if (name === 'random') plays++;
    return market(held)(name, act);
  };
  const runs = playBaselines({ turnover, bars: BARS, play: count, entries: (it) => it.entries });
  return runs.then((each) => ({ ...each, plays }));
};

describe('the random baseline', () => {
  it.each([
    [1, 1],
    [7, 40],
    [60, 12],
    [641, 12],
    [1200, 12],
    [150, 100],
    [175, 100],
    [5000, 1],
  ])('enters as often as it is told, to a hundredth: %i entries, positions of %i bars', async (turnover, held) => {
    const { random, plays } = await play(turnover, held);
    expect(Math.abs(random.entries - turnover)).toBeLessThanOrEqual(0.01 * turnover);
    expect(plays).toBeLessThanOrEqual(8);
  });

  it('goes both ways, and the same way each time', async () => {
    const { random } = await play(800, 5);
    expect(Math.abs(random.long - 400)).toBeLessThan(4 * Math.sqrt(200));
    expect((await play(800, 5)).random).toEqual(random);
  });

  it('never enters beside one that never does, and enters as often as it can beside one that enters more', async () => {
    expect((await play(0, 5)).random.entries).toBe(0);
    const most = Math.ceil(BARS / 50);
    expect((await play(2 * most, 50)).random.entries).toBeGreaterThan(0.95 * most);
  });

  it('of no bars plays nothing', async () => {
    const entries = () => 0;
    expect(await playBaselines({ turnover: 5, bars: 0, play: () => 'nothing', entries })).toEqual({
      flat: 'nothing',
      hold_long: 'nothing',
      random: 'nothing',
    });
  });
});

it('flat says flat and hold_long says long at every bar', async () => {
  const { flat, hold_long } = await play(10, 5);
  expect(flat.entries).toBe(0);
  expect(hold_long).toEqual({ entries: BARS / 5, long: BARS / 5 });
});
