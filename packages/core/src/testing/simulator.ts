import type { Bar } from '../market/bar.js';
import { damping, drift } from './edge.js';
import { macroDay, startLevels, type MacroLevels, type MacroRow, type NightLink } from './macro-walk.js';
import { MARKET_STATISTICS as M, VOLATILITY_PROFILE } from './market-statistics.js';
import { createRandom, type Random } from './random.js';
import { addDays, isWeekend, SessionDates, type SessionCalendar } from './session-dates.js';

export interface SimulatorOptions {
  /** Whole number; the same seed gives the same world. */
  readonly seed: number;
  readonly calendar: SessionCalendar;
  /** 0: a martingale with the statistics of USD/COP. Above 0: a planted trend, see `drift`. Sensible up to 0.4. */
  readonly edge: number;
  /** Date of session 0, `YYYY-MM-DD`; moved to the next session day when it is none. */
  readonly firstSession: string;
  /** Quote per base before session 0; 4000 by default. */
  readonly startPrice?: number;
  /** Smallest price step; 0.01 by default. */
  readonly tick?: number;
}

/** One session, complete. Store what it holds as `source = 'simulated'`. */
export interface SimulatedSession {
  /** Counts from 0 at the first session. */
  readonly index: number;
  /** `YYYY-MM-DD` in the calendar's zone. */
  readonly date: string;
  /** One bar for every slot, in order. Prices are rounded to the tick, volume is 0. */
  readonly bars: readonly Bar[];
  /**
   * What is known when the session opens and was not when the one before did: the business days from the date of the previous session
   * (included) to this one's (excluded). For session 0, three weeks.
   */
  readonly macro: readonly MacroRow[];
}

/** Everything that the next session depends on, beside the options. Plain data. */
export interface SimulatorState {
  /** Index of the next session. */
  readonly index: number;
  /** Date of the session before; null before the first. */
  readonly date: string | null;
  readonly price: number;
  /** Log volatilities of the last 22 sessions, the newest last. */
  readonly volatility: readonly number[];
  /** Log returns of the last hour, the newest last. */
  readonly lastHour: readonly number[];
  /** Standardised return of the session before. */
  readonly sessionShock: number;
  readonly levels: Readonly<MacroLevels>;
}

export interface Simulator {
  /** The next session in order. */
  next(): SimulatedSession;
  /** The next `n` sessions in order. */
  sessions(n: number): SimulatedSession[];
  /** The session of a date; earlier ones are made again from the seed. Throws a RangeError when it is no session of this world. */
  session(date: string): SimulatedSession;
  /** For `resumeSimulator`, which goes on with the same numbers. */
  save(): SimulatorState;
}

const HOUR = 3_600_000;
const FIVE_MINUTES = 300_000;
const DAY = 86_400_000;
const LEAD_DAYS = 21;
const STREAM = { start: 0, volatility: 1, bars: 2, macro: 3, night: 4 } as const;

/**
 * Streams seeded sessions of bars and macro rows. Session k depends on the options and k only: it does not matter how many are
 * drawn, or in how many runs. It is a fixture and the world of the demo, not a model of the market.
 *
 * @example
 * const simulator = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2026-01-02' });
 * const [first] = simulator.sessions(120); // first.bars, first.macro
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  return resumeSimulator(options, startState(options));
}

/** Goes on from a saved state of the same options. */
export function resumeSimulator(options: SimulatorOptions, saved: SimulatorState): Simulator {
  if (!Number.isSafeInteger(options.seed)) throw new RangeError(`seed must be a whole number, got ${options.seed}`);
  if (!(options.edge >= 0 && options.edge <= 1)) throw new RangeError(`edge must be in [0, 1], got ${options.edge}`);
  const dates = new SessionDates(options.calendar);
  let state = saved;
  const next = (): SimulatedSession => {
    const made = makeSession(options, dates, state);
    state = made.state;
    return made.session;
  };
  return {
    next,
    sessions: (n) => Array.from({ length: n }, next),
    session(date) {
      if (state.date !== null && date <= state.date) state = startState(options);
      for (;;) {
        const session = next();
        if (session.date === date) return session;
        if (session.date > date) throw new RangeError(`${date} is no session of this world`);
      }
    },
    save: () => state,
  };
}

function startState({ seed, startPrice = 4000 }: SimulatorOptions): SimulatorState {
  const random = createRandom(seed, STREAM.start);
  // burnt in, so that session 0 is as volatile as any
  let volatility = new Array<number>(22).fill(0);
  for (let i = 0; i < 100; i++) volatility = [...volatility.slice(1), nextVolatility(volatility, random)];
  return {
    index: 0,
    date: null,
    price: startPrice,
    volatility,
    lastHour: [],
    sessionShock: 0,
    levels: startLevels(random),
  };
}

/** Heterogeneous autoregression of log volatility (Corsi 2009). */
function nextVolatility(history: readonly number[], random: Random): number {
  const mean = (n: number): number => history.slice(-n).reduce((sum, value) => sum + value, 0) / n;
  return M.har.day * mean(1) + M.har.week * mean(5) + M.har.month * mean(22) + M.har.innovationSd * random.normal();
}

function makeSession(
  { seed, calendar, edge, firstSession, tick = 0.01 }: SimulatorOptions,
  dates: SessionDates,
  state: SimulatorState,
): { session: SimulatedSession; state: SimulatorState } {
  const { index } = state;
  const random = (stream: number): Random => createRandom(seed, stream, index);
  const date = dates.after(state.date ?? addDays(firstSession, -1));

  const levels = { ...state.levels };
  const macroRandom = random(STREAM.macro);
  const macro: MacroRow[] = [];
  let night: NightLink = { mean: 0, restVariance: 1 };
  for (let day = state.date ?? addDays(date, -LEAD_DAYS); day < date; day = addDays(day, 1)) {
    if (isWeekend(day)) continue;
    const shock = day === state.date ? state.sessionShock : dates.isSession(day) ? macroRandom.normal() : null;
    const made = macroDay(levels, day, shock, macroRandom);
    macro.push(made.row);
    if (day === state.date) night = made.night;
  }

  const volatility = [...state.volatility.slice(1), nextVolatility(state.volatility, random(STREAM.volatility))];
  // unit mean square over all sessions
  const sessionScale = Math.exp(volatility[21]! - M.har.stationaryVariance);
  const open = calendar.sessionOpen(date);
  const closed =
    state.date === null ? DAY : open - (calendar.sessionOpen(state.date) + calendar.slotsPerSession * calendar.slotMs);
  const profile = sessionProfile(calendar, closed > 0);
  const hour = Math.max(1, Math.round(HOUR / calendar.slotMs));
  const slotScale = Math.sqrt(calendar.slotMs / FIVE_MINUTES);
  const hourSd = M.barSd * slotScale * sessionScale * Math.sqrt(hour);
  const damped = damping(edge);

  const barRandom = random(STREAM.bars);
  const lastHour = [...state.lastHour];
  const bars: Bar[] = [];
  let close = state.price;
  let burst = M.burst.sd * barRandom.normal();
  let sessionReturn = 0;
  let sessionVariance = 0;
  const onTick = (price: number): number => Math.max(tick, Math.round(Math.round(price / tick) * tick * 1e6) / 1e6);

  for (let slot = 0; slot < calendar.slotsPerSession; slot++) {
    const before = close;
    burst = M.burst.persistence * burst + M.burst.sd * Math.sqrt(1 - M.burst.persistence ** 2) * barRandom.normal();
    const sd = damped * slotScale * sessionScale * Math.exp(burst - M.burst.sd ** 2) * profile[slot]!;
    const trend = drift(
      edge,
      lastHour.length < hour ? 0 : lastHour.reduce((sum, value) => sum + value, 0) / (hourSd * damped),
    );
    const shock = Math.max(-10, Math.min(10, barRandom.student(M.barTail)));
    const move = sd * (trend + shock);
    const gap = slot === 0 && closed > 0 ? nightGap(closed, night, random(STREAM.night)) : openGap(sd, barRandom);
    // inside a session the gap is a part of the bar's move from close to close; a night comes on top of it
    const body = slot === 0 && closed > 0 ? move : move - gap;

    const opened = onTick(before * Math.exp(gap));
    close = onTick(opened * Math.exp(body));
    const inside = Math.log(close / opened);
    const high = onTick(opened * Math.exp(excursion(inside, M.wick * sd, barRandom)));
    const low = onTick(opened * Math.exp(-excursion(-inside, M.wick * sd, barRandom)));
    bars.push({
      time: open + slot * calendar.slotMs,
      open: opened,
      high: Math.max(opened, high, close),
      low: Math.min(opened, low, close),
      close,
      volume: 0,
    });

    lastHour.push(Math.log(close / before));
    if (lastHour.length > hour) lastHour.shift();
    sessionReturn += move;
    sessionVariance += sd * sd;
  }

  return {
    session: { index, date, bars, macro },
    state: {
      index: index + 1,
      date,
      price: close,
      volatility,
      lastHour,
      sessionShock: sessionReturn / Math.sqrt(sessionVariance),
      levels,
    },
  };
}

/** Standard deviation of each slot's bar at the mean level of volatility. */
function sessionProfile({ slotsPerSession: n, slotMs }: SessionCalendar, closedBefore: boolean): number[] {
  // a market that never closes has no open of its own
  if (!closedBefore || n * slotMs >= DAY) return new Array<number>(n).fill(M.barSd);
  const shape = Array.from({ length: n - 1 }, (_, i) => {
    const place = n === 2 ? 0 : Math.round((i * (VOLATILITY_PROFILE.length - 1)) / (n - 2));
    return VOLATILITY_PROFILE[place]!;
  });
  const meanSquare = shape.reduce((sum, value) => sum + value * value, 0) / Math.max(1, shape.length);
  return [M.firstBarSd, ...shape.map((value) => (M.barSd * value) / Math.sqrt(meanSquare))];
}

function nightGap(closedMs: number, { mean, restVariance }: NightLink, random: Random): number {
  const sd = closedMs > 1.5 * DAY ? M.weekendSd : M.nightSd;
  const shock = Math.max(-8, Math.min(8, random.student(M.nightTail)));
  return sd * (mean + Math.sqrt(restVariance) * shock);
}

/** Distance of a bar's open from the close before, as a log return. */
function openGap(sd: number, random: Random): number {
  const equal = random.uniform() < M.openGap.equalShare;
  const size = 1e-4 * Math.exp(M.openGap.logMean + M.openGap.logSd * random.normal());
  const sign = random.uniform() < 0.5 ? -1 : 1;
  return equal ? 0 : sign * Math.min(size, sd);
}

/** How far above its open a Brownian bridge that ends at `end` gets: inverse of its maximum's distribution. */
function excursion(end: number, sd: number, random: Random): number {
  return (end + Math.sqrt(end * end - 2 * sd * sd * Math.log(random.uniform()))) / 2;
}
