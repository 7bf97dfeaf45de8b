import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import { DAY_MS } from '../market/date.js';
import { damping, drift } from './edge.js';
import type { NightLink } from './macro-walk.js';
import { MARKET_STATISTICS as M, VOLATILITY_PROFILE } from './market-statistics.js';
import type { Random } from './random.js';

const HOUR = 3_600_000;
const FIVE_MINUTES = 300_000;

/** What a session's bars depend on. */
export interface SessionInputs {
  readonly calendar: Calendar;
  readonly date: string;
  /** Milliseconds for which the market was closed before. */
  readonly closedMs: number;
  readonly edge: number;
  readonly tick: number;
  /** The close before. */
  readonly price: number;
  /** Volatility of the session relative to the long-run level. */
  readonly scale: number;
  /** Log returns of the last four hours, the newest last. */
  readonly recent: readonly number[];
  readonly night: NightLink;
  readonly random: { readonly bars: Random; readonly night: Random };
}

/** Makes one bar for every slot of a session. `shock` is the session's return over its standard deviation. */
export function sessionBars(inputs: SessionInputs): { bars: Bar[]; recent: number[]; shock: number } {
  const { calendar, date, closedMs, edge, tick, scale, random } = inputs;
  const open = calendar.sessionOpen(date)!;
  const slots = Math.round((calendar.sessionClose(date)! - open) / calendar.slotMs);
  const hour = Math.max(1, Math.round(HOUR / calendar.slotMs));
  const level = damping(edge) * scale * Math.sqrt(calendar.slotMs / FIVE_MINUTES);
  const profile = volatilityProfile(slots, closedMs > 0);
  const onTick = (price: number): number => {
    const steps = Math.max(1, Math.round(price / tick));
    return Math.round(steps * tick * 1e6) / 1e6;
  };

  const bars: Bar[] = [];
  const recent = [...inputs.recent];
  const { persistence, sd: burstSd } = M.burst;
  let burst = burstSd * random.bars.normal();
  let close = inputs.price;
  let sum = 0;
  let variance = 0;
  for (let slot = 0; slot < slots; slot++) {
    const before = close;
    burst = persistence * burst + burstSd * Math.sqrt(1 - persistence ** 2) * random.bars.normal();
    // unit mean square, so that bursts do not change the long-run level
    const sd = level * Math.exp(Math.min(burst, 2.5 * burstSd) - burstSd ** 2) * profile[slot]!;
    const noise = clamp(random.bars.student(M.barTail), 6);
    const move = sd * (drift(edge, recent, hour, level * M.barSd) + noise);

    const firstAfterNight = slot === 0 && closedMs > 0;
    const gap = firstAfterNight ? nightGap(closedMs, inputs.night, random.night) : openGap(sd, random.bars);
    const opened = onTick(before * Math.exp(gap));
    // a night comes on top of the first bar's move; inside a session the gap is a part of it
    close = onTick(opened * Math.exp(firstAfterNight ? move : move - gap));
    const body = Math.log(close / opened);
    const high = onTick(opened * Math.exp(excursion(body, M.wick * sd, random.bars)));
    const low = onTick(opened * Math.exp(-excursion(-body, M.wick * sd, random.bars)));
    bars.push({
      time: open + slot * calendar.slotMs,
      open: opened,
      high: Math.max(opened, high, close),
      low: Math.min(opened, low, close),
      close,
      volume: 0,
    });

    recent.push(Math.log(close / before));
    if (recent.length > 4 * hour) recent.shift();
    sum += move;
    variance += sd * sd;
  }
  return { bars, recent, shock: sum / Math.sqrt(variance) };
}

/** Standard deviation of each slot's bar at the long-run level of volatility. */
function volatilityProfile(slots: number, opensAfterNight: boolean): number[] {
  // a market that never closes has no open of its own
  if (!opensAfterNight) return new Array<number>(slots).fill(M.barSd);
  const shape: number[] = [];
  for (let i = 0; i < slots - 1; i++) {
    const place = slots === 2 ? 0 : Math.round((i * (VOLATILITY_PROFILE.length - 1)) / (slots - 2));
    shape.push(VOLATILITY_PROFILE[place]!);
  }
  const meanSquare = shape.reduce((sum, value) => sum + value * value, 0) / shape.length;
  return [M.firstBarSd, ...shape.map((value) => (M.barSd * value) / Math.sqrt(meanSquare))];
}

function nightGap(closedMs: number, { mean, restVariance }: NightLink, random: Random): number {
  const sd = closedMs > 1.5 * DAY_MS ? M.weekendSd : M.nightSd;
  return sd * (mean + Math.sqrt(restVariance) * clamp(random.student(M.nightTail), 8));
}

/** Open against the close before, inside a session. */
function openGap(sd: number, random: Random): number {
  const equal = random.uniform() < M.openGap.equalShare;
  const size = 1e-4 * Math.exp(M.openGap.logMean + M.openGap.logSd * random.normal());
  const sign = random.uniform() < 0.5 ? -1 : 1;
  return equal ? 0 : sign * Math.min(size, sd);
}

/** How far above its start a Brownian bridge to `end` gets: the inverse of its maximum's distribution. */
function excursion(end: number, sd: number, random: Random): number {
  return (end + Math.sqrt(end * end - 2 * sd * sd * Math.log(random.uniform()))) / 2;
}

const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));
