import {
  andThen,
  openBook,
  step,
  type Ask,
  type BadTick,
  type Bar,
  type Book,
  type BookRules,
  type Calendar,
  type Opinion,
  type Part,
  type Seen,
  type Stages,
  type State,
} from '@signalbox/core';
import type { Pool } from 'pg';
import type { OpenStrategies } from '../plugins/open.js';
import { readAnswers } from '../stores/postgres/answers.js';
import { newestBar } from '../stores/postgres/bars.js';
import { commitBatch, type BatchedPart } from '../stores/postgres/batch.js';
import { closeCycle, storeBadTicks, storeCycle } from '../stores/postgres/cycles.js';
import { commitPart, type DecisionMode } from '../stores/postgres/decisions.js';
import { storeFeatureRow, storeFeatureRows, type FeatureValues } from '../stores/postgres/feature-values.js';
import { ensureFeatureView } from '../stores/postgres/feature-view.js';
import { withFence, type Fence } from '../stores/postgres/fence.js';
import { readMacro, type MacroObservation } from '../stores/postgres/macro.js';
import { storeFeatureSet } from '../stores/postgres/feature-sets.js';
import { storeProvenance } from '../stores/postgres/provenance.js';
import { readSessionHistory } from '../stores/postgres/session-history.js';
import { loadStates, seedState } from '../stores/postgres/state.js';
import type { StrategyRecord } from '../stores/postgres/strategies.js';
import type { Decided } from './cycle-recorder.js';
import { seatExternal } from './external.js';
import { addMacro } from './macro-series.js';
import { openMarketMemory } from './market-memory.js';
import type { Plan } from './plan.js';
import { openReception } from './reception.js';
import { SessionRecord } from './session-record.js';
import { stateHash } from './state-hash.js';
import { crashPoint } from '../observe/crash-points.js';

export interface DeskOptions {
  readonly pool: Pool;
  readonly plan: Plan;
  readonly rules: BookRules;
  readonly strategies: OpenStrategies;
  readonly records: readonly StrategyRecord[];
  /** Of the leader that opens it: once another one has taken over nothing is written. None where a world has one host. */
  readonly fence?: Fence;
  /**
   * A strategy that is new begins with the bar after this one (the newest slot that was complete when the host began, or the
   * newest bar that was decided upon since): older bars are no catch-up for it, even if they are stored later. Without it:
   * after the newest stored bar.
   */
  readonly activation?: number;
  /** Market time is wall time: an external signal is as late as its row was recorded. Else it is late once the next bar is taken. */
  readonly wallTime?: boolean;
  /** Why a strategy whose answers cost is not asked on live bars either; it is by default. */
  readonly meteredSilence?: string;
  /** Told of each bar of `run` when all strategies have committed it. */
  readonly onDecided?: (barTime: number, mode: 'live' | 'catch_up', decided: readonly Decided[]) => void;
}

/** The live run of one symbol: it owns the pipeline's state and takes each bar to the database. */
export interface Desk {
  /** Open time of the newest bar that every strategy has committed; null before the first. */
  readonly processed: number | null;
  /** After bars of the past came late or were repaired: the market's state and the stored features are made anew from there on. */
  mend(): Promise<void>;
  /** Macro values that were stored just now. Known ones are passed over. */
  learn(values: Iterable<MacroObservation>): void;
  /**
   * Takes in what has come since: external signals of the newest bar, as if they had been there in time, and resets of the
   * drawdown halt. `run` does so before it takes its bar. When it rejects: as with `run`.
   */
  hear(): Promise<void>;
  /**
   * Takes a stored bar through the step and commits each strategy's part as soon as it is made. `catch_up`: more than one bar
   * late, entries are refused and strategies whose answers cost are not asked. When it rejects the state in memory is ahead
   * of the database: open the desk anew.
   */
  run(bar: Bar, mode: 'live' | 'catch_up'): Promise<readonly Part[]>;
  /** Takes stored bars through the step without events, in one commit. */
  runUnwatched(bars: readonly Bar[]): Promise<void>;
}

const RUN = 'live';

/** Why a strategy whose answers cost is not asked. */
const METERED: Readonly<Record<Exclude<DecisionMode, 'live'>, string>> = {
  catch_up: 'not asked: the bar was caught up with after it was due',
  unwatched: 'not asked: nobody watches this session',
  backtest: 'not asked in a backtest: only recorded answers are',
};

/**
 * Restores the state: the market's from the newest snapshot and the bars since, each strategy's from its last commit. A strategy without a state
 * starts with the bar after the newest stored one: older bars are no catch-up.
 */
export async function openDesk(options: DeskOptions): Promise<Desk> {
  const { pool, plan, rules, records } = options;
  const strategies = seatExternal(options.strategies, records);
  const { instrument, calendar, features } = plan;
  const { symbol } = instrument;
  const ids = new Map(records.map((record) => [record.code, record.id]));
  const id = (code: string): number => ids.get(code)!;

  await storeFeatureSet(pool, plan.featureHash, features);
  await ensureFeatureView(pool, features.names, plan.featureHash);
  const newest = await newestBar(pool, symbol);
  const begin = options.activation ?? newest?.time ?? 0;
  for (const seat of strategies.seats) {
    const record = records.find(({ code }) => code === seat.code)!;
    const book = openBook(record.initialEquity);
    await seedState(pool, { runId: RUN, strategyId: record.id, symbol, barTime: begin, book });
  }
  crashPoint('desk.seeded');
  const states = await loadStates(pool, RUN, symbol);
  const books = new Map<string, Book>(strategies.seats.map((seat) => [seat.code, states.get(seat.code)!.book]));
  const stands = new Map(strategies.seats.map((seat) => [seat.code, states.get(seat.code)!.barTime]));
  rejoin(stands, books, calendar);
  const provenance = new Map<string, number>();
  for (const seat of strategies.seats) {
    if (seat.external) continue;
    const { pluginVersion, modelSha256 } = strategies.provenance(seat.code);
    const calendarVersion = calendar.version;
    const stored = {
      pluginVersion,
      featureNames: seat.features,
      featureHashes: features.hashes,
      modelSha256,
      calendarVersion,
    };
    provenance.set(seat.code, await storeProvenance(pool, stored));
  }
  const sessions = new Map<string, SessionRecord>();
  for (const seat of strategies.seats) {
    const slot = calendar.slot(stands.get(seat.code)!);
    const underWay = slot && !slot.last ? slot.session : null;
    const of = { runId: RUN, strategyId: id(seat.code), symbol, zone: calendar.zone, underWay };
    const { closes, maxDrawdownPct, trades } = await readSessionHistory(pool, of);
    const book = books.get(seat.code)!;
    const past = {
      closes,
      maxDrawdownPct,
      trades,
      peak: book.allTimePeak,
      session: underWay,
      equity: book.equity,
      open: book.position,
    };
    sessions.set(seat.code, new SessionRecord(book.initialEquity, instrument.sessionsPerYear, past));
  }

  const resumeAfter = stands.size > 0 ? Math.min(...stands.values()) : begin;
  const series = plan.series();
  const known = new Map<string, number>();
  const vintages = new Set<string>();
  const learn = (values: Iterable<MacroObservation>): void => {
    for (const value of values) {
      const key = `${value.series} ${value.date}`;
      const vintage = `${key} ${value.firstSeen} ${value.value}`;
      // a value that was overwritten and came back is news; the first one of a date that has later ones is not
      const isKnown =
        value.firstSeen === undefined ? known.get(key) === value.value || vintages.has(key) : vintages.has(vintage);
      if (isKnown) continue;
      addMacro(series, [value]);
      known.set(key, value.value);
      if (value.firstSeen !== undefined) vintages.add(key).add(vintage);
    }
  };
  learn(await readMacro(pool, series.names));
  const memory = await openMarketMemory(pool, plan, series, resumeAfter);
  // a crash between the last commit of a bar and its mark leaves the bar decided and not done
  const { fence = null } = options;
  if (resumeAfter > 0)
    await withFence(pool, fence, (client) => closeCycle(client, symbol, resumeAfter, fence?.epoch ?? null));

  let processed: number | null = resumeAfter || null;
  /** The newest bar that was taken, for what is said of it afterwards. */
  let seen: Seen | null = memory.last?.bar.time === resumeAfter ? memory.last : null;

  const asking = (mode: DecisionMode): Ask => {
    const silence = mode === 'live' ? options.meteredSilence : METERED[mode];
    if (silence === undefined) return strategies.ask;
    const reasoning = silence;
    return (seat, view) =>
      seat.metered ? { signal: 'none', code: 'unavailable', reasoning } : strategies.ask(seat, view);
  };
  /** By strategy, before the step changes them. */
  const hashesOf = ({ seats }: Stages): ReadonlyMap<string, string> =>
    new Map(seats.map(({ code }) => [code, stateHash(books.get(code)!, strategies.save(code))]));

  const commitOf = (part: Part, mode: DecisionMode, hashes: ReadonlyMap<string, string>) => {
    const slot = calendar.slot(part.barTime)!;
    const performance = sessions.get(part.strategy)!.push(part, slot);
    const plugin = strategies.save(part.strategy);
    const said = strategies.delivered(part.strategy);
    return {
      runId: RUN,
      mode,
      symbol,
      strategyId: id(part.strategy),
      part,
      features: part.vector,
      provenanceId: provenance.get(part.strategy) ?? null,
      dataWatermark: part.outcome.timestamp,
      stateHash: hashes.get(part.strategy)!,
      ...(fence ? { epoch: fence.epoch } : {}),
      ...(plugin === null ? {} : { plugin }),
      ...(said?.barTime === part.barTime ? { external: said.signalId } : {}),
      performance,
    };
  };

  const reception = openReception({
    pool,
    calendar,
    instrument,
    fence,
    runId: RUN,
    strategies,
    books,
    stands,
    wallTime: options.wallTime ?? false,
    newest: () => ({ processed, seen }),
  });

  /** After a crash some strategies have committed the bar already: they are not asked again, their ensemble hears what they said. */
  const stagesFor = async (bar: Bar): Promise<{ stages: Stages; state: State }> => {
    const ahead = strategies.seats.filter((seat) => stands.get(seat.code)! >= bar.time).map((seat) => seat.code);
    const seats = strategies.seats.filter((seat) => !ahead.includes(seat.code));
    const stages: Stages = { instrument, calendar, rules, seats };
    const market = memory.state;
    if (ahead.length === 0) return { stages, state: { market, books } };
    const answered: Map<string, Opinion> = await readAnswers(pool, {
      runId: RUN,
      symbol,
      barTime: bar.time,
      codes: ahead,
    });
    return { stages, state: { market, books, answered } };
  };

  crashPoint('desk.opened');
  return {
    get processed() {
      return processed;
    },
    mend: () => memory.mend(),
    learn,
    async hear() {
      await reception.hear();
    },
    async run(given, mode) {
      crashPoint('bar.noticed');
      strategies.deliver(await reception.hear(given.time));
      const bar = await memory.ready(given);
      const { stages, state } = await stagesFor(bar);
      const hashes = hashesOf(stages);
      const asked = new Map<string, number>();
      const answered = new Map<string, number>();
      const base = asking(mode);
      const ask: Ask = (seat, view) => {
        asked.set(seat.code, performance.now());
        return andThen(base(seat, view), (opinion) => {
          answered.set(seat.code, performance.now());
          return opinion;
        });
      };
      const stepped = step(stages, { ...state, tooOld: mode === 'catch_up' }, bar, ask);
      const { parts, features: row, market } = stepped;
      crashPoint('bar.stepped');
      const values = row.values.slice();
      const ticks: readonly BadTick[] = market.badTicks;
      const stored = withFence(pool, fence, async (client) => {
        await storeFeatureRow(client, { time: bar.time, symbol, values }, plan.featureHash);
        await storeBadTicks(client, symbol, ticks);
      });
      const decided: Decided[] = [];
      const done = await Promise.all([
        ...parts.map(async (made): Promise<Part> => {
          const part = await made;
          // what a decision saw is durable before it is: a crash between the two would leave a gap that nobody fills
          await stored;
          const { strategy } = part;
          const { signalId } = await commitPart(pool, commitOf(part, mode, hashes));
          crashPoint('part.committed');
          const times = { asked: asked.get(strategy) ?? null, answered: answered.get(strategy) ?? null };
          // what came from outside was published before the bar was taken
          if (!strategies.isExternal(strategy))
            decided.push({ strategyId: id(strategy), ...times, committed: performance.now(), signalId });
          stands.set(strategy, part.barTime);
          return part;
        }),
        stored,
      ]);
      crashPoint('bar.committed');
      await memory.taken(bar);
      crashPoint('bar.kept');
      processed = bar.time;
      seen = { bar, slot: market.slot, market, tooOld: mode === 'catch_up' };
      options.onDecided?.(bar.time, mode, decided);
      const epoch = fence?.epoch ?? null;
      const decisions = strategies.seats.length;
      await withFence(pool, fence, (client) =>
        storeCycle(client, { symbol, barTime: bar.time, mode, decisions, epoch }),
      );
      crashPoint('bar.done');
      return done.filter((part): part is Part => part !== undefined);
    },
    async runUnwatched(bars) {
      const batch: BatchedPart[] = [];
      const rows: FeatureValues[] = [];
      if (bars[0]) await memory.ready(bars[0], bars.at(-1)!.time);
      const badTicks: BadTick[] = [];
      for (const bar of bars) {
        const { stages, state } = await stagesFor(bar);
        const hashes = hashesOf(stages);
        const { parts, features: row, market } = step(stages, state, bar, asking('unwatched'));
        badTicks.push(...market.badTicks);
        rows.push({ time: bar.time, symbol, values: row.values.slice() });
        for (const made of parts) {
          const part = await made;
          // what the next bar changes is copied: the batch is written later
          batch.push(
            commitOf(
              { ...part, vector: part.vector?.slice() ?? null, book: structuredClone(part.book) },
              'unwatched',
              hashes,
            ),
          );
        }
        await memory.taken(bar);
        processed = bar.time;
        seen = { bar, slot: market.slot, market };
      }
      await storeFeatureRows(pool, rows, plan.featureHash);
      await storeBadTicks(pool, symbol, badTicks);
      await commitBatch(pool, { runId: RUN, mode: 'unwatched', symbol }, batch);
      for (const { part } of batch) stands.set(part.strategy, part.barTime);
    },
  };
}

/**
 * A strategy that was switched off while others went on is behind by more than the one bar that a crash leaves. It goes on
 * with the next bar: what it had ordered is forgotten, what it holds is settled from there on, and nothing is caught up.
 */
function rejoin(stands: Map<string, number>, books: ReadonlyMap<string, Book>, calendar: Calendar): void {
  const newest = Math.max(...stands.values());
  const ordinal = (time: number): number => calendar.slot(time)?.ordinal ?? 0;
  for (const [code, stand] of stands) {
    if (ordinal(newest) - ordinal(stand) <= 1) continue;
    stands.set(code, newest);
    books.get(code)!.pending = null;
  }
}
