import type { Maybe } from '../maybe.js';
import type { Opinion } from '../strategies/opinion.js';

/** What stands beside a strategy's result: who does nothing, who is always long, and who trades as often by chance. */
export const BASELINES = ['flat', 'hold_long', 'random'] as const;
export type BaselineName = (typeof BASELINES)[number];

/** What a baseline says at the bar with this open time: the same at every call, and nothing of what comes after. */
export type BaselineAct = (barTime: number) => Opinion;

export interface BaselineOptions<R> {
  /** Entries of the strategy that `random` stands beside: it takes as many. */
  readonly turnover: number;
  /** Bars of the window. */
  readonly bars: number;
  /** Takes the window through the pipeline's own step and book, and asks `act` at each bar. */
  readonly play: (name: BaselineName, act: BaselineAct) => Maybe<R>;
  /** Entries that a play took. */
  readonly entries: (result: R) => number;
}

const TRIES = 8;
/** Turnovers this near to one another, as a share, are the same. */
const SAME = 0.01;

/**
 * Plays the three baselines. A held position takes no entry, and stops and the ends of sessions make room for others, so how often `random`
 * has to draw is found by trying: it enters as often as the strategy to 1 %, or as often as the window lets it.
 */
export async function playBaselines<R>(options: BaselineOptions<R>): Promise<Readonly<Record<BaselineName, R>>> {
  const { play } = options;
  const flat = await play('flat', () => FLAT);
  const hold_long = await play('hold_long', () => LONG);
  return { flat, hold_long, random: await calibrated(options) };
}

const FLAT: Opinion = { signal: 'flat', reasoning: 'baseline: always flat' };
const LONG: Opinion = { signal: 'long', confidence: 1, reasoning: 'baseline: always long' };
const SHORT: Opinion = { signal: 'short', confidence: 1, reasoning: 'baseline: drawn' };

const randomAct =
  (rate: number): BaselineAct =>
  (time) => {
    if (uniform(time, 0) >= rate) return FLAT;
    return uniform(time, 1) < 0.5 ? { ...LONG, reasoning: SHORT.reasoning } : SHORT;
  };

interface Point {
  readonly rate: number;
  readonly entries: number;
}

/** By straight lines through what was seen: entries grow with the rate, less than in proportion. */
async function calibrated<R>({ turnover, bars, play, entries }: BaselineOptions<R>): Promise<R> {
  let low: Point = { rate: 0, entries: 0 };
  let high: Point | null = null;
  let rate = bars === 0 ? 0 : Math.min(1, turnover / bars);
  let best = await play('random', randomAct(rate));
  let distance = Math.abs(entries(best) - turnover);
  let found = entries(best);
  for (let i = 1; i < TRIES && rate > 0 && Math.abs(found - turnover) > SAME * turnover; i++) {
    const before: Point = low;
    const now: Point = { rate, entries: found };
    if (found < turnover) low = now;
    else high = now;
    if (low.rate === 1) break;
    const [from, to]: [Point, Point] = high ? [low, high] : [before, low];
    const slope = (to.entries - from.entries) / (to.rate - from.rate);
    // nothing was entered, or no more than at a lower rate: twice as often
    const next: number = slope > 0 ? from.rate + (turnover - from.entries) / slope : 2 * rate;
    rate = high ? Math.min(Math.max(next, low.rate), high.rate) : Math.min(1, next, 4 * rate);
    if (rate === low.rate || rate === high?.rate) rate = (low.rate + (high?.rate ?? 1)) / 2;
    const result = await play('random', randomAct(rate));
    found = entries(result);
    if (Math.abs(found - turnover) < distance) {
      best = result;
      distance = Math.abs(found - turnover);
    }
  }
  return best;
}

/** A number in [0, 1) that looks random and belongs to the bar: higher rates keep what lower ones drew. */
function uniform(time: number, stream: number): number {
  let x = Math.imul(((time / 60_000) | 0) ^ Math.imul(stream, 0x27d4_eb2f), 0x9e37_79b1);
  x = Math.imul(x ^ (x >>> 15), 0x85eb_ca77);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae3d);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}
