import {
  isSignalboxError,
  seatAll,
  type AnyStrategy,
  type Ask,
  type FeaturePlan,
  type Instrument,
  type Seat,
} from '@signalbox/core';
import { savedState, strategyConfig } from './config.js';
import { gathers } from './definition.js';
import type { Discovery, InstalledStrategy } from './discover.js';
import { createFaultLedger, type Fault, type FaultLedger } from './faults.js';
import { openInProcess } from './in-process.js';
import { openApart, PATIENCE_MS, START_DEADLINE_MS } from './isolation/session.js';
import { readModels, type Champion, type ModelCandidate } from './models.js';
import type { Serving } from './serving.js';
import type { StrategyStatus } from './status.js';

/** The columns of `dw.dim_strategy` that decide what runs. */
export interface StrategyRow {
  readonly code: string;
  readonly package: string | null;
  readonly parameters: unknown;
  readonly isActive: boolean;
}

export interface OpenOptions {
  readonly rows: readonly StrategyRow[];
  readonly discovered: readonly Discovery[];
  readonly features: {
    readonly names: readonly string[];
    readonly positionNames?: readonly string[];
    readonly position?: FeaturePlan['position'];
    readonly hashes: Readonly<Record<string, string>>;
    readonly definitions?: Readonly<Record<string, object>>;
  };
  readonly instrument: Instrument;
  readonly world: 'market' | 'simulated';
  readonly allowSimulatedModels: boolean;
  /** Stored models of a strategy, the champion first; the package's own comes after them. */
  readonly champions?: (installed: InstalledStrategy) => readonly ModelCandidate[];
  /** Plugin state to restore, by strategy code. */
  readonly saved?: (code: string) => unknown;
  readonly log: (code: string, message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void;
  /** Wall milliseconds that a strategy has for one answer; in the host's own process no limit when absent (backtests). */
  readonly askDeadlineMs?: number;
  /** Who is suspended, and who counts faults; without one faults are counted for as long as these strategies are open. */
  readonly ledger?: FaultLedger;
}

/** The strategies of one symbol, ready to be asked. */
export interface OpenStrategies {
  /**
   * Active strategies with an installed package, in asking order; one that cannot serve keeps its seat and says so. Read them
   * for each bar: one that started late may listen to more members from then on.
   */
  readonly seats: readonly Seat[];
  readonly ask: Ask;
  status(): readonly StrategyStatus[];
  provenance(code: string): { readonly pluginVersion: string; readonly modelSha256: string | null };
  /** What the plugin wants restored next time, as after its last answer; null when it keeps no state. */
  save(code: string): unknown;
  close(): Promise<void>;
}

interface Opened {
  readonly installed: InstalledStrategy;
  champion: Champion | null;
  serving: Serving | null;
  /** Why not the champion but an older model serves. */
  note: string | null;
  state: StrategyStatus['state'];
  reason: string | null;
}

const LATE = 'it takes long to start: whom it listens to was not known when the bar was taken';
/** For a process when nobody sets another deadline. */
const ASK_DEADLINE_MS = 10_000;

/**
 * Opens a session for each active row whose package is installed and allow-listed, all at once. A row whose package is absent or
 * refused is reported and harms nobody; a strategy that cannot start, or is suspended, keeps its seat and answers `none`
 * (`unavailable`) with the reason.
 */
export async function openStrategies(options: OpenOptions): Promise<OpenStrategies> {
  const byPackage = new Map(options.discovered.map((found) => [found.package, found]));
  const ledger = options.ledger ?? createFaultLedger({});
  const opened = new Map<string, Opened>();
  const idle: StrategyStatus[] = [];
  const opening: Promise<void>[] = [];

  for (const row of options.rows) {
    const found = row.package === null ? undefined : byPackage.get(row.package);
    const aside = (state: StrategyStatus['state'], reason: string | null): void => {
      idle.push({ code: row.code, package: row.package, version: null, state, reason, champion: null });
    };
    if (row.package === null) aside('external', null);
    else if (!row.isActive) aside('inactive', 'dw.dim_strategy.is_active is false');
    else if (!found)
      aside('refused', `Package ${row.package} is not allow-listed. Add it with: signalbox plugins add ${row.package}`);
    else if ('problem' in found) {
      const state = found.problem.code === 'PLUGIN_NOT_INSTALLED' ? 'not_installed' : 'refused';
      aside(state, `${found.problem.message} ${found.problem.remedy}`);
    } else if (found.strategy.definition.code !== row.code) {
      aside('refused', `Package ${row.package} serves ${found.strategy.definition.code}, not ${row.code}.`);
    } else {
      const one: Opened = {
        installed: found.strategy,
        champion: null,
        serving: null,
        note: null,
        state: 'READY',
        reason: null,
      };
      opened.set(row.code, one);
      opening.push(openOne(one, row, ledger, options));
    }
  }
  await Promise.all(opening);
  const used = new Set([...opened.values()].map((one) => one.installed));
  for (const found of options.discovered)
    if ('strategy' in found && !used.has(found.strategy)) void found.strategy.apart?.release();

  const parameters = new Map(options.rows.map((row) => [row.code, row.parameters]));
  /** Seats whose strategy has not said yet whom it listens to: only its process knows. */
  const unknown = new WeakSet<Seat>();
  const seatThem = (): readonly Seat[] => {
    const definitions = [...opened.values()].map(({ installed, serving }): AnyStrategy => {
      const { definition } = installed;
      // a definition that came from another process cannot name its further members itself
      if (!installed.apart) return definition;
      const members = [...(definition.members ?? []), ...(serving?.members ?? [])];
      return { ...definition, members };
    });
    const made = seatAll(definitions, options.features, (code) => parameters.get(code) ?? {});
    for (const seat of made) if (isSilent(opened.get(seat.code)!)) unknown.add(seat);
    return made;
  };
  const silent = (): number => [...opened.values()].filter(isSilent).length;
  let waitedFor = silent();
  let seats = seatThem();

  return {
    get seats() {
      if (waitedFor > 0 && silent() !== waitedFor) {
        waitedFor = silent();
        seats = seatThem();
      }
      return seats;
    },
    ask(seat, view) {
      const one = opened.get(seat.code)!;
      if (unknown.has(seat) && one.serving) return { signal: 'none', code: 'unavailable', reasoning: LATE };
      return one.serving?.ask(view) ?? { signal: 'none', code: 'unavailable', reasoning: one.reason ?? 'not started' };
    },
    status: () => [
      ...[...opened].map(([code, one]) => ({
        code,
        package: one.installed.package,
        version: one.installed.version,
        state: one.state,
        reason: one.reason ?? one.note,
        champion: one.champion,
      })),
      ...idle,
    ],
    provenance: (code) => ({
      pluginVersion: opened.get(code)!.installed.version,
      modelSha256: opened.get(code)!.champion?.sha256 ?? null,
    }),
    save: (code) => opened.get(code)?.serving?.state() ?? null,
    async close() {
      await Promise.allSettled([...opened.values()].map((one) => one.serving?.close()));
    },
  };
}

/** Opens it with its champion; where that fails, with the model that was live before: what failed is said. */
async function openOne(one: Opened, row: StrategyRow, ledger: FaultLedger, options: OpenOptions): Promise<void> {
  const { installed } = one;
  const { definition, apart } = installed;
  const { code } = row;
  const say = (message: string, facts?: Readonly<Record<string, string | number | boolean>>): void =>
    options.log(code, message, facts);
  const stand = (state: StrategyStatus['state'], reason: string | null): void => {
    // a suspension holds until it is lifted, whatever is heard of the last process
    if (one.state === 'SUSPENDED') return;
    one.state = state;
    one.reason = reason;
  };
  const suspend = (reason: string): void => {
    stand('SUSPENDED', `${reason}. Resume it with: signalbox plugins resume ${code}`);
    const last = one.serving;
    one.serving = null;
    last?.close().catch(() => {});
  };
  const onFault = (fault: Fault): string | null => {
    say(fault.detail, { fault: fault.kind });
    // a backtest counts nothing: it goes on as it began
    if (!apart && !options.ledger) return null;
    const suspended = ledger.record(code, fault);
    if (suspended !== null) suspend(suspended);
    return suspended;
  };

  const reason = ledger.suspended(code);
  if (reason !== null) return suspend(reason);
  const unknown = definition.features.filter((name) => !Object.hasOwn(options.features.hashes, name));
  if (unknown.length > 0)
    return stand('DEGRADED', `It needs features that the feature file does not define: ${unknown.join(', ')}.`);
  const bundled: ModelCandidate = {
    version: '0',
    load: () => Promise.resolve(readModels(installed, options.world, options.allowSimulatedModels)),
  };
  const candidates = [...(options.champions?.(installed) ?? []), bundled];
  const { definitions: featureDefinitions } = options.features;
  let failed: 'DEGRADED' | 'FAULTED' = 'DEGRADED';
  for (const candidate of candidates) {
    try {
      const models = await candidate.load();
      one.champion = models.champion;
      const order = {
        config: strategyConfig(definition, row.parameters),
        artifacts: models.artifacts,
        featureHashes: options.features.hashes,
        instrument: options.instrument,
        saved: savedState(definition, options.saved?.(code), say),
      };
      const serving = apart
        ? await openApart({
            start: () => apart.start(),
            order: { ...order, featureDefinitions },
            deadlineMs: options.askDeadlineMs ?? ASK_DEADLINE_MS,
            insist: candidate === bundled,
            // the others are seated around it
            patienceMs: gathers(definition) ? START_DEADLINE_MS : PATIENCE_MS,
            onFault,
            onState: stand,
            onLog: say,
          })
        : await openInProcess(
            definition,
            { ...order, ...(featureDefinitions && { featureDefinitions }), log: say },
            options.askDeadlineMs,
            (fault) => {
              if (fault !== null) onFault(fault);
              stand(fault === null ? 'RUNNING' : 'DEGRADED', fault?.detail ?? null);
            },
          );
      if (isSuspended(one)) await serving.close();
      else one.serving = serving;
      if (one.note !== null) one.note = `An older model serves. ${one.note}`;
      return;
    } catch (error) {
      const coded = isSignalboxError(error);
      const said = coded ? `${error.message} ${error.remedy}` : `It failed to start: ${String(error)}`;
      const why = candidates.length > 1 ? `model v${candidate.version}: ${said}` : said;
      failed = coded ? 'DEGRADED' : 'FAULTED';
      if (!coded && !apart) onFault({ kind: 'start', detail: why });
      else say(why);
      // the first one's: it is the one that was asked for
      one.note ??= why;
      if (isSuspended(one)) return;
    }
  }
  stand(failed, one.note);
}

/** It has not said yet whom it listens to. */
function isSilent({ installed, serving }: Opened): boolean {
  return serving?.members === null && gathers(installed.definition);
}

function isSuspended(one: Opened): boolean {
  return one.state === 'SUSPENDED';
}
