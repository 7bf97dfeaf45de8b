import { SignalboxError } from './errors.js';
import type { ConfigProblem, FeatureConfig } from './features/config.js';
import { defaultFeatures } from './features/default.js';
import { compileFeatures, symbolsOf } from './features/engine.js';
import { createSeriesTable } from './features/series.js';
import type { SymbolBars } from './features/symbol-bars.js';
import type { Bar } from './market/bar.js';
import { createCalendar, type CalendarData } from './market/calendar.js';
import { CALENDARS } from './market/calendars.js';
import { USD_COP, type Instrument } from './market/instrument.js';
import { createIntake, type Due } from './engine-intake.js';
import { openMarket } from './market-state.js';
import { whenAll, type Maybe } from './maybe.js';
import { step, type Part, type Stages, type State } from './pipeline.js';
import { openBook } from './portfolio/book.js';
import { DEFAULT_RULES, type Alert, type BookRules, type Fill, type Mark } from './portfolio/types.js';
import type { NoSignal, NotTraded, Signal } from './signals/signal.js';
import type { AnySession, AnyStrategy, Artifact, Context, Turn } from './strategies/contract.js';
import { seatAll } from './strategies/seat.js';
import { askSession, openSession } from './strategies/session.js';

export interface EngineOptions {
  /** The feature file; the engine's own by default. */
  readonly features?: FeatureConfig;
  /** USD/COP by default. */
  readonly instruments?: readonly Instrument[];
  /** Calendars by id, beside those that the engine brings. */
  readonly calendars?: Readonly<Record<string, CalendarData>>;
  /** Daily series: rows of `{date, values}`, each seen from the moment that the feature file says. */
  readonly macro?: Iterable<{ readonly date: string; readonly values: Readonly<Record<string, number>> }>;
  /** USD each strategy begins with in each instrument; 10,000 by default. */
  readonly initialEquity?: number;
  readonly rules?: BookRules;
  /** Checks configurations and fills in their defaults, e.g. by Ajv; without it they are taken as they are. */
  readonly validate?: (schema: object, value: unknown) => readonly ConfigProblem[];
  readonly log?: (strategy: string, ...line: Parameters<Context<unknown, string, unknown>['log']>) => void;
}

export interface UseOptions {
  readonly config?: unknown;
  /** Model files by artifact name. */
  readonly artifacts?: Readonly<Record<string, Artifact>>;
}

/**
 * A bar of one of the engine's instruments; the first one's where `symbol` is absent. Bars of a symbol that is no instrument are
 * taken where features read them, and tell nothing of their own.
 */
export type EngineBar = Bar & { readonly symbol?: string };

/** What happened at one bar, in this order for each strategy; `time` is the bar's open time. */
export type EngineEvent = { readonly symbol: string; readonly time: number } & (
  | { readonly type: 'fill'; readonly strategy: string; readonly fill: Fill }
  | { readonly type: 'refused'; readonly strategy: string; readonly signalBarTime: number; readonly reason: NotTraded }
  | { readonly type: 'equity'; readonly strategy: string; readonly mark: Mark }
  | { readonly type: 'alert'; readonly strategy: string; readonly alert: Alert }
  | { readonly type: 'signal'; readonly strategy: string; readonly signal: Signal }
  | { readonly type: 'none'; readonly strategy: string; readonly none: NoSignal }
  /** A bar outside the instrument's sessions: nothing sees it. */
  | { readonly type: 'outside_session' }
);

export interface Engine {
  /**
   * Adds a strategy.
   * @throws SignalboxError CONFIG_INVALID for a code that is there already or a wrong configuration, FEATURE_UNKNOWN for a feature that
   *   the feature file does not define
   */
  use(strategy: AnyStrategy, options?: UseOptions): Engine;
  /**
   * Takes bars in order of time, from each symbol's first stored one, and tells what happens. Every run is a new account and new
   * sessions; leaving the loop closes them. Where features read another symbol's bars, a bar waits until that symbol's of the same
   * time, or any bar of another time, has come; their order within one time does not matter.
   *
   * @throws SignalboxError BAR_INVALID for what is no bar or comes too late, SYMBOL_UNKNOWN, CALENDAR_UNKNOWN
   */
  run(bars: Iterable<EngineBar> | AsyncIterable<EngineBar>, abort?: AbortSignal): AsyncGenerator<EngineEvent, void>;
}

/**
 * The engine for whoever embeds it: bars in, events out, through the same step as backtest and live. It needs nothing but this
 * package, in Node and in browsers.
 *
 * @example
 * const engine = createEngine().use(strategy);
 * for await (const event of engine.run(bars)) if (event.type === 'signal') console.log(event.signal);
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const features = options.features ?? defaultFeatures();
  const instruments = new Map((options.instruments ?? [USD_COP]).map((instrument) => [instrument.symbol, instrument]));
  const [first] = instruments.keys();
  if (first === undefined) throw invalid('an engine needs an instrument', 'Give at least one under `instruments`.');
  const used: Used[] = [];
  const known = new Set([...features.features, ...features.position_features].map(({ name }) => name));
  const read = symbolsOf(features);
  // once: an iterable may give its rows a single time, and every symbol's desk of every run reads them
  const macro = [...(options.macro ?? [])];
  const engine: Engine = {
    use(strategy, { config = {}, artifacts = {} } = {}) {
      const { code } = strategy;
      if (used.some((one) => one.strategy.code === code))
        throw invalid(`the engine uses ${code} already`, 'Use each strategy once.');
      for (const name of strategy.features)
        if (!known.has(name))
          throw new SignalboxError(
            'FEATURE_UNKNOWN',
            `${code} reads ${name}, which the feature file does not define`,
            'Add it to the feature file that is given to createEngine.',
          );
      const filled: unknown = structuredClone(config);
      const problems = options.validate?.(strategy.config as object, filled) ?? [];
      if (problems.length > 0)
        throw invalid(
          `the configuration of ${code}: ${problems.map(({ path, message }) => `${path || 'top'} ${message}`).join('; ')}`,
          'Correct the configuration.',
        );
      used.push({ strategy, config: filled, artifacts });
      return engine;
    },
    async *run(bars, abort = new AbortController().signal) {
      const desks = new Map<string, Desk>();
      const intake = createIntake(read);
      const take = async function* (due: readonly Due[]): AsyncGenerator<EngineEvent, void> {
        for (const { symbol, bar } of due) {
          let desk = desks.get(symbol);
          if (!desk)
            desks.set(
              symbol,
              (desk = await openDesk(instruments.get(symbol)!, features, used, { ...options, macro }, intake.others)),
            );
          yield* desk.take(bar, abort);
        }
      };
      let failed = false;
      try {
        for await (const bar of bars) {
          const symbol = bar.symbol ?? first;
          const traded = instruments.has(symbol);
          if (!traded && !read.includes(symbol))
            throw new SignalboxError(
              'SYMBOL_UNKNOWN',
              `a bar of ${symbol}; the engine knows ${[...instruments.keys(), ...read].join(', ')}`,
              'Name the instrument in the options of createEngine.',
            );
          yield* take(intake.put(symbol, bar, traded));
        }
        yield* take(intake.rest());
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        await closeAll(desks.values()).catch((error: unknown) => {
          // what went wrong first is what is told
          if (!failed) throw error;
        });
      }
    },
  };
  return engine;
}

interface Used {
  readonly strategy: AnyStrategy;
  readonly config: unknown;
  readonly artifacts: Readonly<Record<string, Artifact>>;
}

/** One symbol's state and sessions. */
interface Desk {
  take(bar: Bar, abort: AbortSignal): AsyncGenerator<EngineEvent, void>;
  close(): Promise<void>;
}

async function openDesk(
  instrument: Instrument,
  features: FeatureConfig,
  used: readonly Used[],
  options: EngineOptions,
  others: SymbolBars,
): Promise<Desk> {
  const { symbol } = instrument;
  const data = options.calendars?.[instrument.calendar] ?? CALENDARS[instrument.calendar];
  if (!data)
    throw new SignalboxError(
      'CALENDAR_UNKNOWN',
      `${symbol} names the calendar "${instrument.calendar}"`,
      'Give its data under `calendars`.',
    );
  const calendar = createCalendar(data);
  const plan = compileFeatures(features, calendar);
  const series = createSeriesTable(features, calendar);
  for (const { date, values } of options.macro ?? [])
    for (const [name, value] of Object.entries(values)) if (series.has(name)) series.add(name, date, value);

  const config = new Map(used.map((one) => [one.strategy.code, one.config]));
  const seats = seatAll(
    used.map(({ strategy }) => strategy),
    plan,
    (code) => config.get(code),
  );
  const stages: Stages = { instrument, calendar, rules: options.rules ?? DEFAULT_RULES, seats };
  const equity = options.initialEquity ?? 10_000;
  const state: State = {
    market: openMarket(plan, series, calendar, others),
    books: new Map(seats.map(({ code }) => [code, openBook(equity)])),
  };
  const sessions = new Map<string, AnySession>();
  const close = (): Promise<void> => closeAll(sessions.values());
  try {
    for (const { strategy, config, artifacts } of used)
      sessions.set(
        strategy.code,
        await openSession(strategy, {
          config,
          artifacts,
          instrument,
          featureHashes: plan.hashes,
          featureDefinitions: plan.definitions,
          log: (...line) => options.log?.(strategy.code, ...line),
        }),
      );
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
  return {
    async *take(bar, abort) {
      const { time } = bar;
      if (!calendar.slot(time)) return yield { type: 'outside_session', symbol, time };
      const turn: Turn = { abort, deadline: Number.MAX_SAFE_INTEGER };
      const { parts } = step(stages, state, bar, (seat, view) => askSession(sessions.get(seat.code)!, view, turn));
      for (const part of await settled(parts)) yield* eventsOf(part, symbol);
    },
    close,
  };
}

/** Closes every one, whatever the others do; throws what went wrong, together when it is more than one. */
async function closeAll(all: Iterable<{ close?(): unknown }>): Promise<void> {
  const problems: unknown[] = [];
  for (const one of all) {
    try {
      await one.close?.();
    } catch (problem) {
      problems.push(problem);
    }
  }
  if (problems.length === 1) throw problems[0];
  if (problems.length > 1) throw new AggregateError(problems, `${problems.length} sessions failed to close`);
}

const settled = async (parts: readonly Maybe<Part>[]): Promise<readonly Part[]> => whenAll(parts);

function* eventsOf(part: Part, symbol: string): Generator<EngineEvent, void> {
  const { strategy, barTime: time, fills, refused, mark, alerts, outcome } = part;
  for (const fill of fills) yield { type: 'fill', symbol, time, strategy, fill };
  if (refused) yield { type: 'refused', symbol, time, strategy, ...refused };
  yield { type: 'equity', symbol, time, strategy, mark };
  for (const alert of alerts) yield { type: 'alert', symbol, time, strategy, alert };
  if (outcome.kind === 'signal') yield { type: 'signal', symbol, time, strategy, signal: outcome };
  else yield { type: 'none', symbol, time, strategy, none: outcome };
}

const invalid = (message: string, remedy: string): SignalboxError =>
  new SignalboxError('CONFIG_INVALID', message, remedy);
