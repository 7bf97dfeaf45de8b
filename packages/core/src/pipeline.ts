import { observe, type MarketState, type Observation } from './market-state.js';
import type { Bar } from './market/bar.js';
import type { Instrument } from './market/instrument.js';
import type { Calendar } from './market/calendar.js';
import type { Slot } from './market/slot.js';
import type { FeatureRow } from './features/engine.js';
import { place, positionView, settle } from './portfolio/book.js';
import type { Book, BookRules, OpenPosition, Settlement } from './portfolio/types.js';
import { toSignal } from './signals/price.js';
import type { NoSignal, Signal } from './signals/signal.js';
import { askable, membersSeen, silenceOf, viewOf, type Seat } from './strategies/seat.js';
import type { AnyView } from './strategies/contract.js';
import type { Opinion } from './strategies/opinion.js';
import { wellFormed } from './strategies/opinion-check.js';
import { andThen, whenAll, type Maybe } from './maybe.js';

/** What stays the same from bar to bar. `seats` stand in asking order: members before their ensemble. */
export interface Stages {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly rules: BookRules;
  readonly seats: readonly Seat[];
}

/** What changes from bar to bar: the market's part once, a book per strategy. `step` owns and mutates it. */
export interface State {
  readonly market: MarketState;
  readonly books: Map<string, Book>;
  /** Opinions on the coming bar that are committed already: after a crash, members that are not asked again. */
  readonly answered?: ReadonlyMap<string, Opinion>;
  /** The coming bar completed more than one bar ago (a catch-up): entries of its signals are refused as `too_old`. */
  readonly tooOld?: boolean;
}

/** One strategy's part of one bar: what a host commits in one transaction. */
export interface Part extends Settlement {
  readonly strategy: string;
  readonly barTime: number;
  readonly opinion: Opinion;
  /** The exact features that the strategy saw, in its order; null when it was not asked. Reused for every bar. */
  readonly vector: Float64Array | null;
  readonly outcome: Signal | NoSignal;
  /** The position after the bar. */
  readonly position: OpenPosition | null;
  readonly book: Book;
}

export interface Step {
  readonly bar: Bar;
  readonly market: Observation;
  readonly features: FeatureRow;
  /** In the order of the seats; a promise where `ask` gave one. */
  readonly parts: readonly Maybe<Part>[];
}

/** All I/O, isolation and waiting sit here. Never rejects: what fails is a `none` with its code. */
export type Ask = (seat: Seat, view: AnyView) => Maybe<Opinion>;

/**
 * Takes one accepted bar from start to finish: settle, features, ask, decide. Pure: no I/O, clock or randomness of its own.
 * Backtest, replay, training and live run call this and nothing else. Bars come in order of time; a failed commit reloads
 * the state.
 */
export function step(stages: Stages, state: State, bar: Bar, ask: Ask): Step {
  const { instrument, calendar, rules, seats } = stages;
  const slot = calendar.slot(bar.time);
  if (!slot) throw new RangeError(`no slot of calendar ${calendar.id} at ${new Date(bar.time).toISOString()}`);

  // settle: pending orders at the open, then stop and target, then the mark; costs are those known before the bar
  const fillCostBps = state.market.costBps / 2;
  const settlements = seats.map((seat) =>
    settle(state.books.get(seat.code)!, bar, { instrument, rules, slot, fillCostBps, slotMs: calendar.slotMs }),
  );

  // features: the market is seen once for all strategies
  const market = observe(state.market, bar, slot);
  const features = state.market.features.row;

  // ask: one opinion per strategy, members before their ensemble
  const opinions = new Map<string, Maybe<Opinion>>(state.answered);
  const parts = seats.map((seat, i) => {
    const book = state.books.get(seat.code)!;
    const position = positionView(book);
    let vector: Float64Array | null = null;
    const members = seat.members.filter((code) => opinions.has(code));
    const opinion = andThen(whenAll(members.map((code) => opinions.get(code)!)), (answers): Maybe<Opinion> => {
      seat.own?.update(position, slot);
      const silence = askable(seat, market, features);
      if (silence) return silence;
      vector = seat.vector;
      const seen = membersSeen(members, answers, (code) => state.books.get(code)?.position?.side);
      return andThen(ask(seat, viewOf(seat, bar, features, position, seen)), wellFormed);
    });
    opinions.set(seat.code, opinion);

    // decide: price, size, gates → the signal, and the next pending order
    return andThen(opinion, (said): Part => {
      const outcome = decide(stages, seat, { bar, slot, market, tooOld: state.tooOld ?? false }, book, said);
      return {
        strategy: seat.code,
        barTime: bar.time,
        ...settlements[i]!,
        opinion: said,
        vector,
        outcome,
        position: book.position,
        book,
      };
    });
  });
  return { bar, market, features, parts };
}

/** The bar that is decided upon, and what is known of the market at its completion. */
export interface Seen {
  readonly bar: Bar;
  readonly slot: Slot;
  readonly market: Pick<Observation, 'atr14' | 'costBps' | 'suspect' | 'stale'>;
  readonly tooOld?: boolean;
}

/** The last part of `step` for one strategy: its opinion becomes the signal and the book's next pending order. */
function decide(stages: Frame, seat: Seat, seen: Seen, book: Book, said: Opinion): Signal | NoSignal {
  const { instrument, calendar } = stages;
  const outcome = toSignal(said, { seat, ...seen, instrument, book, slotMs: calendar.slotMs });
  if (outcome.kind === 'signal') place(book, outcome, seen.slot);
  return outcome;
}

/** What a decision needs to know of the stages. */
export type Frame = Pick<Stages, 'instrument' | 'calendar'>;

/**
 * Hears an external seat's opinion of the newest bar after `step` has taken that bar: the same signal and the same pending
 * order as if it had been there in time. `book` stands after that bar.
 */
export function hear(stages: Frame, seat: Seat, seen: Seen, book: Book, said: Opinion): Signal | NoSignal {
  if (book.lastBarTime !== null && book.lastBarTime > seen.bar.time)
    throw new RangeError(`the book of ${seat.code} is past ${new Date(seen.bar.time).toISOString()}`);
  return decide(stages, seat, seen, book, silenceOf(seen.market) ?? wellFormed(said));
}
