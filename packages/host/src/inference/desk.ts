import {
  openBook,
  step,
  type Bar,
  type Book,
  type BookRules,
  type Calendar,
  type Opinion,
  type Part,
  type Stages,
  type State,
} from '@signalbox/core';
import type { Pool } from 'pg';
import type { OpenStrategies } from '../plugins/open.js';
import { readAnswers } from '../stores/postgres/answers.js';
import { newestBar } from '../stores/postgres/bars.js';
import { commitBatch, type BatchedPart } from '../stores/postgres/batch.js';
import { commitPart, type DecisionMode } from '../stores/postgres/decisions.js';
import { storeFeatureRow, storeFeatureRows, type FeatureValues } from '../stores/postgres/feature-values.js';
import { readMacro, type MacroObservation } from '../stores/postgres/macro.js';
import { storeFeatureSet } from '../stores/postgres/feature-sets.js';
import { storeProvenance } from '../stores/postgres/provenance.js';
import { readSessionHistory } from '../stores/postgres/session-history.js';
import { loadStates, seedState } from '../stores/postgres/state.js';
import type { StrategyRecord } from '../stores/postgres/strategies.js';
import { addMacro } from './macro-series.js';
import { openMarketMemory } from './market-memory.js';
import type { Plan } from './plan.js';
import { SessionRecord } from './session-record.js';

export interface DeskOptions {
  readonly pool: Pool;
  readonly plan: Plan;
  readonly rules: BookRules;
  readonly strategies: OpenStrategies;
  readonly records: readonly StrategyRecord[];
}

/** The live run of one symbol: it owns the pipeline's state and takes each bar to the database. */
export interface Desk {
  /** Open time of the newest bar that every strategy has committed; null before the first. */
  readonly processed: number | null;
  /** Macro values that were stored just now. Known ones are passed over. */
  learn(values: Iterable<MacroObservation>): void;
  /**
   * Takes a stored bar through the step and commits each strategy's part as soon as it is made. When it rejects the state in
   * memory is ahead of the database: open the desk anew.
   */
  run(bar: Bar, mode: 'live' | 'catch_up'): Promise<readonly Part[]>;
  /** Takes stored bars through the step without events, in one commit. */
  runUnwatched(bars: readonly Bar[]): Promise<void>;
}

const RUN = 'live';

/**
 * Restores the state: the market's from the newest snapshot and the bars since, each strategy's from its last commit. A strategy without a state
 * starts with the bar after the newest stored one: older bars are no catch-up.
 */
export async function openDesk(options: DeskOptions): Promise<Desk> {
  const { pool, plan, rules, strategies, records } = options;
  const { instrument, calendar, features } = plan;
  const { symbol } = instrument;
  const ids = new Map(records.map((record) => [record.code, record.id]));
  const id = (code: string): number => ids.get(code)!;

  await storeFeatureSet(pool, plan.featureHash, features);
  const newest = await newestBar(pool, symbol);
  for (const seat of strategies.seats) {
    const record = records.find(({ code }) => code === seat.code)!;
    const book = openBook(record.initialEquity);
    await seedState(pool, { runId: RUN, strategyId: record.id, symbol, barTime: newest?.time ?? 0, book });
  }
  const states = await loadStates(pool, RUN, symbol);
  const books = new Map<string, Book>(strategies.seats.map((seat) => [seat.code, states.get(seat.code)!.book]));
  const stands = new Map(strategies.seats.map((seat) => [seat.code, states.get(seat.code)!.barTime]));
  rejoin(stands, books, calendar);
  const provenance = new Map<string, number>();
  for (const seat of strategies.seats) {
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

  const resumeAfter = stands.size > 0 ? Math.min(...stands.values()) : (newest?.time ?? 0);
  const series = plan.series();
  const known = new Map<string, number>();
  const vintages = new Set<string>();
  const learn = (values: Iterable<MacroObservation>): void => {
    for (const value of values) {
      const key = `${value.series} ${value.date}`;
      const vintage = `${key} ${value.firstSeen} ${value.value}`;
      if (known.get(key) === value.value || (value.firstSeen !== undefined && vintages.has(vintage))) continue;
      addMacro(series, [value]);
      known.set(key, value.value);
      vintages.add(vintage);
    }
  };
  learn(await readMacro(pool, series.names));
  const memory = await openMarketMemory(pool, plan, series, resumeAfter);

  let processed: number | null = resumeAfter || null;

  const commitOf = (part: Part, mode: DecisionMode) => {
    const slot = calendar.slot(part.barTime)!;
    const performance = sessions.get(part.strategy)!.push(part, slot);
    const plugin = strategies.save(part.strategy);
    return {
      runId: RUN,
      mode,
      symbol,
      strategyId: id(part.strategy),
      part,
      features: part.vector,
      provenanceId: provenance.get(part.strategy)!,
      dataWatermark: part.outcome.timestamp,
      ...(plugin === null ? {} : { plugin }),
      performance,
    };
  };

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

  return {
    get processed() {
      return processed;
    },
    learn,
    async run(bar, mode) {
      await memory.ready(bar);
      const { stages, state } = await stagesFor(bar);
      const { parts, features: row } = step(stages, state, bar, strategies.ask);
      const stored = storeFeatureRow(pool, { time: bar.time, symbol, values: row.values.slice() }, plan.featureHash);
      const done = await Promise.all([
        ...parts.map(async (made): Promise<Part> => {
          const part = await made;
          await commitPart(pool, commitOf(part, mode));
          stands.set(part.strategy, part.barTime);
          return part;
        }),
        stored,
      ]);
      await memory.taken(bar);
      processed = bar.time;
      return done.filter((part): part is Part => part !== undefined);
    },
    async runUnwatched(bars) {
      const batch: BatchedPart[] = [];
      const rows: FeatureValues[] = [];
      if (bars[0]) await memory.ready(bars[0]);
      for (const bar of bars) {
        const { stages, state } = await stagesFor(bar);
        const { parts, features: row } = step(stages, state, bar, strategies.ask);
        rows.push({ time: bar.time, symbol, values: row.values.slice() });
        for (const made of parts) {
          const part = await made;
          // what the next bar changes is copied: the batch is written later
          batch.push(
            commitOf({ ...part, vector: part.vector?.slice() ?? null, book: structuredClone(part.book) }, 'unwatched'),
          );
        }
        await memory.taken(bar);
        processed = bar.time;
      }
      await storeFeatureRows(pool, rows, plan.featureHash);
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
