import { SignalboxError } from '../errors.js';
import type { Bar } from '../market/bar.js';
import type { Calendar } from '../market/calendar.js';
import { DAY_MS, epochDay, isoDate, isoWeekday } from '../market/date.js';
import { macroDay, startLevels, type MacroLevels, type MacroRow, type NightLink } from './macro-walk.js';
import { MARKET_STATISTICS as M } from './market-statistics.js';
import { createRandom, type Random } from './random.js';
import { sessionBars } from './session-bars.js';

export interface SimulatorOptions {
  /** Whole number; the same seed gives the same world. */
  readonly seed: number;
  readonly calendar: Calendar;
  /** 0: a martingale with the statistics of USD/COP. Above 0, up to 1: the planted edge of `DEMO_EDGE`, so strong. */
  readonly edge: number;
  /** Date of session 0, `YYYY-MM-DD`; when it is no session day, the next one is. */
  readonly firstSession: string;
  /** Quote per base before session 0; 4000 by default. */
  readonly startPrice?: number;
  /** Smallest price step; 0.01 by default. */
  readonly tick?: number;
}

/** One session, complete. Whoever stores it marks it `source = 'simulated'`. */
export interface SimulatedSession {
  /** Counts from 0 at the first session. */
  readonly index: number;
  /** `YYYY-MM-DD` in the calendar's zone. */
  readonly date: string;
  /** One bar for every slot, in order. Prices lie on the tick, volume is 0. */
  readonly bars: readonly Bar[];
  /**
   * What is known when this session opens and was not when the one before did: the business days from the date of the
   * session before (included) to this one's (excluded). For session 0, three weeks.
   */
  readonly macro: readonly MacroRow[];
}

/** Everything that the next session depends on, beside the options. Plain data, safe in JSON. */
export interface SimulatorState {
  /** Index of the next session. */
  readonly index: number;
  /** Date of the session before; null before the first. */
  readonly date: string | null;
  readonly price: number;
  /** Log volatilities of the last 22 sessions, the newest last. */
  readonly volatility: readonly number[];
  /** Log returns of the last four hours, the newest last. */
  readonly recent: readonly number[];
  /** Return of the session before over its standard deviation. */
  readonly shock: number;
  readonly levels: Readonly<MacroLevels>;
}

export interface Simulator {
  /** The next session in order. */
  next(): SimulatedSession;
  /** The next `n` sessions in order. */
  sessions(n: number): SimulatedSession[];
  /** The session of a date, which is next afterwards; an earlier one is made again from the start. PARAMETER_INVALID when it has none. */
  session(date: string): SimulatedSession;
  /** For `resumeSimulator`, which goes on with the same numbers. */
  save(): SimulatorState;
}

const LEAD_DAYS = 21;
const STREAM = { start: 0, volatility: 1, bars: 2, macro: 3, night: 4 } as const;

/**
 * Streams seeded sessions of bars and macro rows. Session k depends on the options and k only: it does not matter how many
 * are drawn, nor in how many runs. It is a fixture and the world of the demo, not a model of the market.
 *
 * @example
 * const calendar = createCalendar(CALENDARS.usdcop);
 * const simulator = createSimulator({ seed: 1, calendar, edge: 0, firstSession: '2026-01-02' });
 * for (const { bars, macro } of simulator.sessions(120)) feed(bars, macro);
 */
export function createSimulator(options: SimulatorOptions): Simulator {
  return resumeSimulator(options, startState(options));
}

/** Goes on from a state saved under the same options. */
export function resumeSimulator(options: SimulatorOptions, saved: SimulatorState): Simulator {
  check(options);
  let state = saved;
  const next = (): SimulatedSession => {
    const made = makeSession(options, state);
    state = made.state;
    return made.session;
  };
  return {
    next,
    sessions: (n) => Array.from({ length: n }, next),
    session(date) {
      if (!options.calendar.isSessionDay(date) || date < options.firstSession)
        throw new SignalboxError(
          'PARAMETER_INVALID',
          `the simulated world that begins ${options.firstSession} has no session on ${date}`,
          'Ask for a session day of its calendar, on or after its first session.',
        );
      if (state.date !== null && date <= state.date) state = startState(options);
      for (;;) {
        const session = next();
        if (session.date === date) return session;
      }
    },
    save: () => state,
  };
}

function check({ seed, edge, firstSession }: SimulatorOptions): void {
  const wrong = !Number.isSafeInteger(seed)
    ? `seed ${seed} is not a whole number`
    : !(edge >= 0 && edge <= 1)
      ? `edge ${edge} is not between 0 and 1`
      : Number.isNaN(epochDay(firstSession))
        ? `firstSession ${firstSession} is not a date (YYYY-MM-DD)`
        : undefined;
  if (wrong) throw new SignalboxError('PARAMETER_INVALID', `simulator: ${wrong}`, 'Correct the simulator options.');
}

function startState({ seed, startPrice = 4000 }: SimulatorOptions): SimulatorState {
  const random = createRandom(seed, STREAM.start);
  // run in, so that session 0 is as volatile as any other
  let volatility = new Array<number>(22).fill(0);
  for (let i = 0; i < 100; i++) volatility = [...volatility.slice(1), nextVolatility(volatility, random)];
  return { index: 0, date: null, price: startPrice, volatility, recent: [], shock: 0, levels: startLevels(random) };
}

/** Heterogeneous autoregression of log volatility (Corsi, 2009). */
function nextVolatility(history: readonly number[], random: Random): number {
  const mean = (n: number): number => history.slice(-n).reduce((sum, value) => sum + value, 0) / n;
  return M.har.day * mean(1) + M.har.week * mean(5) + M.har.month * mean(22) + M.har.innovationSd * random.normal();
}

function makeSession(
  { seed, calendar, edge, firstSession, tick = 0.01 }: SimulatorOptions,
  state: SimulatorState,
): { session: SimulatedSession; state: SimulatorState } {
  const { index, date: before } = state;
  const random = (stream: number): Random => createRandom(seed, stream, index);
  const date = calendar.nextSessionDay(before ?? isoDate(epochDay(firstSession) - 1));

  const levels = { ...state.levels };
  const macroRandom = random(STREAM.macro);
  const macro: MacroRow[] = [];
  let night: NightLink = { mean: 0, restVariance: 1 };
  const firstDay = before === null ? epochDay(date) - LEAD_DAYS : epochDay(before);
  for (let day = firstDay; day < epochDay(date); day++) {
    if (isoWeekday(day) > 5) continue;
    const at = isoDate(day);
    const shock = at === before ? state.shock : calendar.isSessionDay(at) ? macroRandom.normal() : null;
    const made = macroDay(levels, at, shock, macroRandom);
    macro.push(made.row);
    if (at === before) night = made.night;
  }

  const volatility = [...state.volatility.slice(1), nextVolatility(state.volatility, random(STREAM.volatility))];
  const made = sessionBars({
    calendar,
    date,
    closedMs: before === null ? DAY_MS : calendar.sessionOpen(date)! - calendar.sessionClose(before)!,
    edge,
    tick,
    price: state.price,
    // unit mean square over all sessions
    scale: Math.exp(volatility.at(-1)! - M.har.stationaryVariance),
    recent: state.recent,
    night,
    random: { bars: random(STREAM.bars), night: random(STREAM.night) },
  });
  return {
    session: { index, date, bars: made.bars, macro },
    state: {
      index: index + 1,
      date,
      price: made.bars.at(-1)!.close,
      volatility,
      recent: made.recent,
      shock: made.shock,
      levels,
    },
  };
}
