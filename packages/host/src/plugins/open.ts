import {
  andThen,
  askSession,
  isSignalboxError,
  openSession,
  seatAll,
  type AnySession,
  type AnyStrategy,
  type Ask,
  type FeaturePlan,
  type Instrument,
  type Seat,
  type Turn,
} from '@signalbox/core';
import { strategyConfig } from './config.js';
import type { Discovery, InstalledStrategy } from './discover.js';
import { readModels, type Champion, type ModelCandidate } from './models.js';
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
  /** Wall milliseconds that a strategy has for one answer; no limit when absent (backtests). */
  readonly askDeadlineMs?: number;
}

/** The strategies of one symbol, ready to be asked. */
export interface OpenStrategies {
  /** Active strategies with an installed package, in asking order; one that cannot serve keeps its seat and says so. */
  readonly seats: readonly Seat[];
  readonly ask: Ask;
  status(): readonly StrategyStatus[];
  provenance(code: string): { readonly pluginVersion: string; readonly modelSha256: string | null };
  /** What the plugin wants restored next time; null when it keeps no state. */
  save(code: string): unknown;
  close(): Promise<void>;
}

interface Opened {
  readonly installed: InstalledStrategy;
  readonly champion: Champion | null;
  readonly session: AnySession | null;
  /** Why not the champion but an older model serves. */
  readonly note: string | null;
  state: StrategyStatus['state'];
  reason: string | null;
}

const NEVER = new AbortController().signal;

/**
 * Opens a session for each active row whose package is installed and allow-listed. A row whose package is absent or
 * refused is reported and harms nobody; a strategy that cannot start keeps its seat and answers `none` (`unavailable`)
 * with the reason.
 */
export async function openStrategies(options: OpenOptions): Promise<OpenStrategies> {
  const byPackage = new Map(options.discovered.map((found) => [found.package, found]));
  const opened = new Map<string, Opened>();
  const idle: StrategyStatus[] = [];

  for (const row of options.rows) {
    const found = row.package === null ? undefined : byPackage.get(row.package);
    const aside = (state: StrategyStatus['state'], reason: string | null): void => {
      idle.push({ code: row.code, package: row.package, version: null, state, reason, champion: null });
    };
    if (row.package === null) aside('external', null);
    else if (!row.isActive) aside('inactive', 'dw.dim_strategy.is_active is false');
    else if (!found)
      aside('refused', `Package ${row.package} is not allow-listed. Add it to "plugins" in signalbox.config.json.`);
    else if ('problem' in found) {
      const state = found.problem.code === 'PLUGIN_NOT_INSTALLED' ? 'not_installed' : 'refused';
      aside(state, `${found.problem.message} ${found.problem.remedy}`);
    } else if (found.strategy.definition.code !== row.code) {
      aside('refused', `Package ${row.package} serves ${found.strategy.definition.code}, not ${row.code}.`);
    } else opened.set(row.code, await openOne(found.strategy, row, options));
  }

  const definitions: AnyStrategy[] = [...opened.values()].map((one) => one.installed.definition);
  const parameters = new Map(options.rows.map((row) => [row.code, row.parameters]));
  const seats = seatAll(definitions, options.features, (code) => parameters.get(code) ?? {});

  const ask: Ask = (seat, view) => {
    const one = opened.get(seat.code)!;
    if (!one.session) return { signal: 'none', code: 'unavailable', reasoning: one.reason ?? 'not started' };
    const turn = openTurn(options.askDeadlineMs);
    let fault: string | null = null;
    const answer = askSession(one.session, view, turn, (what) => (fault = what));
    return andThen(answer, (opinion) => {
      turn.done();
      one.state = fault === null ? 'RUNNING' : 'DEGRADED';
      one.reason = fault;
      if (fault !== null) options.log(seat.code, fault);
      return opinion;
    });
  };

  return {
    seats,
    ask,
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
    save: (code) => opened.get(code)?.session?.save?.() ?? null,
    async close() {
      await Promise.allSettled([...opened.values()].map((one) => one.session?.close?.()));
    },
  };
}

/** Opens it with its champion; where that fails, with the model that was live before: what failed is said. */
async function openOne(installed: InstalledStrategy, row: StrategyRow, options: OpenOptions): Promise<Opened> {
  const { definition } = installed;
  const unknown = definition.features.filter((name) => !options.features.names.includes(name));
  if (unknown.length > 0) {
    const reason = `It needs features that the feature file does not define: ${unknown.join(', ')}.`;
    return { installed, champion: null, session: null, note: null, state: 'DEGRADED', reason };
  }
  const bundled: ModelCandidate = {
    version: '0',
    load: () => Promise.resolve(readModels(installed, options.world, options.allowSimulatedModels)),
  };
  const candidates = [...(options.champions?.(installed) ?? []), bundled];
  let note: string | null = null;
  let state: StrategyStatus['state'] = 'DEGRADED';
  let champion: Champion | null = null;
  for (const candidate of candidates) {
    try {
      const models = await candidate.load();
      champion = models.champion;
      const session = await openSession(definition, {
        config: strategyConfig(definition, row.parameters),
        artifacts: models.artifacts,
        featureHashes: options.features.hashes,
        ...(options.features.definitions && { featureDefinitions: options.features.definitions }),
        instrument: options.instrument,
        saved: options.saved?.(row.code) ?? undefined,
        log: (message, facts) => options.log(row.code, message, facts),
      });
      const older = note === null ? null : `An older model serves. ${note}`;
      return { installed, champion, session, note: older, state: 'READY', reason: null };
    } catch (error) {
      state = isSignalboxError(error) ? 'DEGRADED' : 'FAULTED';
      const said = isSignalboxError(error)
        ? `${error.message} ${error.remedy}`
        : `It failed to start: ${String(error)}`;
      const reason = candidates.length > 1 ? `model v${candidate.version}: ${said}` : said;
      options.log(row.code, reason);
      // the first one's: it is the one that was asked for
      note ??= reason;
    }
  }
  return { installed, champion, session: null, note: null, state, reason: note };
}

/** A deadline for one answer; without one, a turn that never ends, at no cost. */
function openTurn(milliseconds: number | undefined): Turn & { done(): void } {
  if (milliseconds === undefined) return UNHURRIED;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { abort: controller.signal, deadline: Date.now() + milliseconds, done: () => clearTimeout(timer) };
}
const UNHURRIED = { abort: NEVER, deadline: Number.MAX_SAFE_INTEGER, done() {} };
