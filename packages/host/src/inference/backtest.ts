import { randomBytes } from 'node:crypto';
import {
  createSymbolBars,
  createZone,
  DEFAULT_RULES,
  openBook,
  openMarket,
  replay,
  SignalboxError,
  type Bar,
  type Book,
  type Stages,
  type SymbolBars,
  isSignalboxError,
} from '@signalbox/core';
import type { Pool } from 'pg';
import type { Config } from '../config/config.js';
import { openChampions } from '../models/candidates.js';
import type { Discovery } from '../plugins/discover.js';
import { openStrategies, type OpenStrategies } from '../plugins/open.js';
import { registerDiscovered } from '../plugins/register.js';
import type { StrategyStatus } from '../plugins/status.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import { readBars } from '../stores/postgres/bars.js';
import { commitBatch, type BatchedPart } from '../stores/postgres/batch.js';
import { readMacro } from '../stores/postgres/macro.js';
import { storeProvenance } from '../stores/postgres/provenance.js';
import { createRun, discardRun, finishRun, holdRun, setRunProgress } from '../stores/postgres/runs.js';
import { listStrategies, type StrategyRecord } from '../stores/postgres/strategies.js';
import { backtestResult, type StrategyResult } from './backtest-result.js';
import { addMacro } from './macro-series.js';
import { addOthers } from './market-memory.js';
import type { Plan } from './plan.js';
import { claimRun, discardAbandonedRuns } from './run-claim.js';
import { SessionRecord } from './session-record.js';

const TURN_MS = 100;

export interface BacktestOptions {
  readonly pool: Pool;
  readonly world: 'market' | 'simulated';
  readonly plan: Plan;
  readonly discovered: readonly Discovery[];
  /** What the row of a strategy that has none begins with, by code. */
  readonly beginnings: Config['strategies'];
  readonly allowSimulatedModels: boolean;
  /** Where stored models lie; without it each package's own model runs. */
  readonly artifacts?: Artifacts;
  /** Session dates, both included, in the calendar's zone; without them from the first stored bar and to the last. */
  readonly from?: string;
  readonly to?: string;
  /** Codes; without it every active strategy that is installed. */
  readonly strategies?: readonly string[];
  /** What a person calls it. */
  readonly name?: string;
  /** By code: what this run has other than the strategy's row, as a sweep has. */
  readonly parameters?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Wall time, epoch milliseconds. */
  readonly now: number;
  /** Parts that go to the store at once; 6,000 by default. */
  readonly batch?: number;
  readonly signal?: AbortSignal;
  /** Hears of the run before anything is written into it. */
  readonly onRun?: (runId: string) => Promise<void>;
  readonly onProgress?: (done: number, total: number) => void;
  readonly log?: (code: string, message: string) => void;
}

export interface BacktestReport {
  readonly runId: string;
  readonly name: string | null;
  readonly symbol: string;
  readonly world: 'market' | 'simulated';
  /** ISO times of the first and the last bar on which strategies were asked. */
  readonly from: string;
  readonly to: string;
  readonly bars: number;
  /** Stored bars before `from`, which only warmed features and volatility. */
  readonly warmed: number;
  readonly seconds: number;
  readonly strategies: readonly StrategyResult[];
  /** Where each strategy's package stands, with the reason when it did not serve. */
  readonly status: readonly StrategyStatus[];
}

/**
 * Runs the stored bars of a window through the step that live runs on, with the installed strategies, into a run of its own:
 * nothing of it touches the live book. It is complete in the end, or its rows are gone and the run says why.
 * @throws STRATEGY_UNKNOWN, INPUT_NOT_FOUND (no bars), STORE_DOWN; an AbortError when `signal` aborts
 */
export async function runBacktest(options: BacktestOptions): Promise<BacktestReport> {
  const { pool, plan, world, now } = options;
  const { instrument, calendar } = plan;
  const started = performance.now();
  await discardAbandonedRuns(pool);
  const rows = await chooseStrategies(pool, options);

  const { from, to } = windowOf(plan, options);
  // a bare INSERT may have put bars outside the sessions: live passes them over, doctor names them
  const stored = await readBars(pool, { symbol: instrument.symbol, to });
  const bars: readonly Bar[] = stored.filter((bar) => calendar.slot(bar.time));
  const first = bars.findIndex((bar) => bar.time >= from);
  if (first < 0) {
    throw new SignalboxError(
      'INPUT_NOT_FOUND',
      `no bars of ${instrument.symbol} are stored for the window${options.from ? ` from ${options.from}` : ''}${options.to ? ` to ${options.to}` : ''}`,
      'Take bars in first: signalbox ingest bars FILE; or choose another window.',
    );
  }
  const series = plan.series();
  addMacro(series, await readMacro(pool, series.names));
  const others = createSymbolBars();
  await addOthers(pool, plan, others, to);
  options.signal?.throwIfAborted();

  const champions =
    options.artifacts && (await openChampions(options.artifacts, pool, world, options.allowSimulatedModels));
  const opened = await openStrategies({
    rows: rows.map((row) => ({
      code: row.code,
      package: row.package,
      parameters: { ...row.parameters, ...options.parameters?.[row.code] },
      isActive: true,
    })),
    discovered: options.discovered,
    features: plan.features,
    instrument,
    world,
    allowSimulatedModels: options.allowSimulatedModels,
    ...(champions ? { champions: champions.of } : {}),
    log: options.log ?? (() => {}),
  });
  if (opened.seats.length === 0) {
    const reasons = opened.status().flatMap(({ code, reason }) => (reason === null ? [] : [`${code}: ${reason}`]));
    throw new SignalboxError(
      'STRATEGY_UNKNOWN',
      `no chosen strategy is installed and allow-listed${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}`,
      'Name packages under "plugins" in signalbox.config.json.',
    );
  }
  const runId = newRunId(now);
  const claim = await claimRun(pool, runId);
  try {
    const codes = opened.seats.map((seat) => seat.code);
    await createRun(pool, {
      id: runId,
      symbol: instrument.symbol,
      from: bars[first]!.time,
      to: bars.at(-1)!.time,
      strategies: codes,
      config: {
        name: options.name ?? null,
        featureHash: plan.featureHash,
        calendarVersion: calendar.version,
        ...(options.parameters ? { parameters: options.parameters } : {}),
      },
    });
    try {
      await options.onRun?.(runId);
      const done = await run(options, runId, opened, rows, bars, from, series, others);
      const results = await backtestResult(
        pool,
        runId,
        plan,
        rows.filter((row) => codes.includes(row.code)),
      );
      const report: BacktestReport = {
        runId,
        name: options.name ?? null,
        symbol: instrument.symbol,
        world,
        from: new Date(bars[first]!.time).toISOString(),
        to: new Date(bars.at(-1)!.time).toISOString(),
        bars: done.stepped,
        warmed: done.warmed,
        seconds: Math.round((performance.now() - started) / 10) / 100,
        strategies: results,
        status: opened.status(),
      };
      if (!(await finishRun(pool, runId, 'done', { ...report }))) await holdRun(pool, runId);
      return report;
    } catch (error) {
      const cancelled = options.signal?.aborted === true;
      await discardRun(
        pool,
        runId,
        cancelled ? 'cancelled' : 'failed',
        // what is not an error of ours may say anything: it is told to whoever started this, and not kept
        isSignalboxError(error) ? error.message : 'an error that Signalbox does not know',
      );
      throw error;
    }
  } finally {
    await opened.close();
    await claim.release();
  }
}

async function run(
  options: BacktestOptions,
  runId: string,
  opened: OpenStrategies,
  rows: readonly StrategyRecord[],
  bars: readonly Bar[],
  from: number,
  series: ReturnType<Plan['series']>,
  others: SymbolBars,
): Promise<{ warmed: number; stepped: number }> {
  const { pool, plan, signal, onProgress, batch: batchSize = 6_000 } = options;
  const { instrument, calendar } = plan;
  const { seats, ask } = opened;
  const rowOf = new Map(rows.map((row) => [row.code, row]));
  const books = new Map<string, Book>(seats.map((seat) => [seat.code, openBook(rowOf.get(seat.code)!.initialEquity)]));
  const desks = await Promise.all(
    seats.map(async (seat) => {
      const row = rowOf.get(seat.code)!;
      const provenanceId = await storeProvenance(pool, {
        ...opened.provenance(seat.code),
        featureNames: seat.features,
        featureHashes: plan.features.hashes,
        calendarVersion: calendar.version,
      });
      return {
        seat,
        strategyId: row.id,
        provenanceId,
        record: new SessionRecord(row.initialEquity, instrument.sessionsPerYear),
      };
    }),
  );

  const of = { runId, mode: 'backtest', symbol: instrument.symbol, heldOpen: true } as const;
  let batch: BatchedPart[] = [];
  // while the database writes one batch the next is computed; `commitBatch` reads all it needs before it first waits
  let writing: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    const parts = batch;
    batch = [];
    writing = commitBatch(pool, of, parts);
    // a failure is met at the next flush
    writing.catch(() => {});
  };

  // a turn for signals, timers and the database's answers: a slow strategy's thousand bars would be too long without one
  let turned = performance.now();
  const turn = async (): Promise<void> => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    turned = performance.now();
    signal?.throwIfAborted();
  };
  let done = bars.findIndex((bar) => bar.time >= from);

  const stages: Stages = { instrument, calendar, rules: DEFAULT_RULES, seats };
  try {
    const result = await replay({
      stages,
      state: { market: openMarket(plan.features, series, calendar, others), books },
      bars,
      from,
      ask,
      onStep({ market }, parts) {
        parts.forEach((part, k) => {
          const { seat, strategyId, provenanceId, record } = desks[k]!;
          const signalled = part.outcome.kind === 'signal';
          const performance = record.push(part, market.slot);
          batch.push({
            strategyId,
            part,
            // the seat's vector is the next bar's too
            features: signalled ? seat.vector.slice() : null,
            provenanceId: signalled ? provenanceId : null,
            performance,
          });
        });
        done++;
        if (batch.length >= batchSize) return flush();
        if (performance.now() - turned < TURN_MS) return undefined;
        onProgress?.(done, bars.length);
        return turn();
      },
      onProgress(all, total) {
        onProgress?.(all, total);
        return turn();
      },
    });
    await flush();
    await writing;
    await setRunProgress(pool, runId, 1);
    return result;
  } finally {
    // whoever discards the run comes after the batch that is still being written
    await writing.catch(() => {});
  }
}

/** Strategies that are to run: installed ones get their row, as `start` gives it to them. */
async function chooseStrategies(
  pool: Pool,
  { discovered, beginnings, strategies }: BacktestOptions,
): Promise<StrategyRecord[]> {
  await registerDiscovered(pool, discovered, beginnings);
  const all = await listStrategies(pool);
  if (strategies === undefined) return all.filter((row) => row.active && row.package !== null);
  const known = all.map((row) => row.code);
  const unknown = strategies.filter((code) => !known.includes(code));
  if (unknown.length > 0) {
    throw new SignalboxError(
      'STRATEGY_UNKNOWN',
      `there is no strategy ${unknown.join(', ')}`,
      `Known are ${known.join(', ') || 'none'}.`,
    );
  }
  const external = all.filter((row) => strategies.includes(row.code) && row.package === null);
  if (external.length > 0) {
    throw new SignalboxError(
      'STRATEGY_UNKNOWN',
      `${external.map((row) => row.code).join(', ')} runs nothing here: its signals come from outside`,
      'Choose strategies with a package.',
    );
  }
  return all.filter((row) => strategies.includes(row.code));
}

function windowOf({ calendar }: Plan, { from, to, now }: BacktestOptions): { from: number; to: number } {
  const zone = createZone(calendar.zone);
  const midnight = (date: string, daysLater: number): number =>
    zone.at(Date.parse(`${date}T00:00:00Z`) / 86_400_000 + daysLater, 0);
  if (from !== undefined && to !== undefined && from > to) {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `the window begins on ${from} and ends on ${to}`,
      'Give --from a date before --to.',
    );
  }
  return {
    from: from === undefined ? -Infinity : midnight(from, 0),
    // bars that are complete
    to: Math.min(to === undefined ? Infinity : midnight(to, 1) - 1, now - calendar.slotMs),
  };
}

/** `bt-20260131-142500-9f3c`. */
function newRunId(now: number): string {
  const stamp = new Date(now).toISOString().replace(/[-:]/g, '');
  return `bt-${stamp.slice(0, 8)}-${stamp.slice(9, 15)}-${randomBytes(2).toString('hex')}`;
}
