import {
  compileFeatures,
  createCalendar,
  openBook,
  seatAll,
  step,
  USDCOP_CALENDAR,
  whenAll,
  andThen,
  type AnyStrategy,
  type AnyView,
  type Bar,
  type BookRules,
  type Calendar,
  type FeatureDefinition,
  type Instrument,
  type MarketState,
  type Maybe,
  type Opinion,
  type Part,
  type Seat,
  type Slot,
  type Stages,
} from '@signalbox/core';

/** Bars of one symbol with what the market's part of the pipeline said at each: sessions can be played in any order, again and again. */
export interface Tape {
  readonly instrument: Instrument;
  readonly slotMs: number;
  readonly slotsPerSession: number;
  readonly bars: readonly Bar[];
  readonly slots: readonly Slot[];
  /** Bar features, row after row. */
  readonly names: readonly string[];
  readonly values: Float64Array;
  readonly status: Uint8Array;
  readonly atr14: Float64Array;
  readonly volatilityRank: Float64Array;
  readonly costBps: Float64Array;
  /** Bit 0 stale, bit 1 suspect. */
  readonly quality: Uint8Array;
  /** Cost that a fill in the first bar pays for. */
  readonly firstCostBps: number;
  /** First bar of each session, and one past the last bar. */
  readonly sessions: readonly number[];
}

/** Definitions by name as an artifact pins them; those of positions are made from it. */
export type PositionDefinitions = readonly FeatureDefinition[];

/** One seat at the table of a tape, with a fresh account for every session. */
export class Player {
  readonly seat: Seat;
  readonly #stages: Stages;
  readonly #market: { costBps: number; at: number };
  readonly #state: MarketState;

  constructor(
    readonly tape: Tape,
    strategy: AnyStrategy,
    positions: PositionDefinitions,
    readonly rules: BookRules,
    readonly initialEquity: number,
  ) {
    // only the number of slots matters to features of a position
    const calendar = { ...createCalendar(USDCOP_CALENDAR), slotsPerSession: tape.slotsPerSession };
    const plan = compileFeatures(
      { version: '1.0.0', series: {}, features: [], position_features: positions },
      calendar,
    );
    const choice = { names: tape.names, positionNames: plan.positionNames, position: () => plan.position() };
    const seats = seatAll([strategy], choice, () => ({}));
    this.seat = seats[0]!;
    const slotAt = new Map(tape.bars.map((bar, i) => [bar.time, tape.slots[i]!]));
    const tapeCalendar = { id: 'tape', slotMs: tape.slotMs, slot: (time: number) => slotAt.get(time) ?? null };
    this.#stages = { instrument: tape.instrument, calendar: tapeCalendar as unknown as Calendar, rules, seats };
    const width = tape.names.length;
    const row = { names: tape.names, values: new Float64Array(width), status: new Uint8Array(width) };
    const market = {
      at: 0,
      costBps: 0,
      features: {
        row,
        push: () => {
          const from = market.at * width;
          for (let k = 0; k < width; k++) {
            row.values[k] = tape.values[from + k]!;
            row.status[k] = tape.status[from + k]!;
          }
          return row;
        },
      },
      volatility: {
        push: () => ({
          atr14: tape.atr14[market.at]!,
          rank: tape.volatilityRank[market.at]!,
          costBps: tape.costBps[market.at]!,
        }),
      },
      quality: {
        push: () => ({ stale: (tape.quality[market.at]! & 1) !== 0, suspect: (tape.quality[market.at]! & 2) !== 0 }),
      },
    };
    this.#market = market;
    // what observe() reads of the market's state, from the tape
    this.#state = market as unknown as MarketState;
  }

  /** Takes the bars of one session through core's own step; the account begins fresh. `onBar` sees each bar's part. */
  play(
    session: number,
    ask: (view: AnyView, bar: number) => Maybe<Opinion>,
    onBar: (part: Part, bar: number) => void,
  ): Maybe<void> {
    const { tape, seat } = this;
    const [first, end] = [tape.sessions[session]!, tape.sessions[session + 1]!];
    const state = { market: this.#state, books: new Map([[seat.code, openBook(this.initialEquity)]]) };
    this.#market.costBps = first === 0 ? tape.firstCostBps : tape.costBps[first - 1]!;
    const take = (i: number): Maybe<void> => {
      if (i === end) return undefined;
      this.#market.at = i;
      const { parts } = step(this.#stages, state, tape.bars[i]!, (_, view) => ask(view, i));
      return andThen(whenAll(parts), ([part]) => onBar(part!, i));
    };
    for (let i = first; i < end; i++) {
      const pending = take(i);
      if (pending !== undefined) return this.#rest(pending as Promise<void>, i + 1, end, take);
    }
    return undefined;
  }

  async #rest(pending: Promise<void>, next: number, end: number, take: (i: number) => Maybe<void>): Promise<void> {
    await pending;
    for (let i = next; i < end; i++) await take(i);
  }
}
