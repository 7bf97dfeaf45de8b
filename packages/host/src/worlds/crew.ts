import type { Config } from '../config/config.js';
import type { Plan } from '../inference/plan.js';
import type { Log } from '../observe/log.js';
import { championText, openChampions, type Champions } from '../models/candidates.js';
import type { Discovery } from '../plugins/discover.js';
import { openStrategies, type OpenStrategies } from '../plugins/open.js';
import { registerDiscovered } from '../plugins/register.js';
import type { StrategyStatus } from '../plugins/status.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import { loadStates } from '../stores/postgres/state.js';
import { listStrategies, type StrategyRecord } from '../stores/postgres/strategies.js';
import type { Store } from '../stores/store.js';

/** Wall milliseconds that a strategy has to answer a live bar. */
const ASK_DEADLINE_MS = 10_000;
const MODEL_RETRY_MS = 60_000;

/** The strategies of a host: opened from the rows of `dw.dim_strategy`, one set at a time. */
export class Crew {
  private strategies: OpenStrategies | undefined;
  private champions: Champions | undefined;

  constructor(
    private readonly options: {
      readonly config: Config;
      readonly plan: Plan;
      readonly discovered: readonly Discovery[];
      readonly artifacts: Artifacts;
      readonly kind: 'market' | 'simulated';
      readonly log: Log;
    },
  ) {}

  /** Gives each discovered strategy its row. */
  async register(store: Store): Promise<void> {
    await registerDiscovered(store.pool, this.options.discovered, this.options.config.strategies);
  }

  /** Opens the active ones from their last commit; those that were open are closed before. */
  async open(store: Store): Promise<{ strategies: OpenStrategies; records: readonly StrategyRecord[] }> {
    const { config, plan, discovered, artifacts, kind, log } = this.options;
    await this.close();
    const saved = await loadStates(store.pool, 'live', plan.instrument.symbol);
    const records = await listStrategies(store.pool);
    this.champions = await openChampions(artifacts, store.pool, kind, config.allowSimulatedModels);
    this.strategies = await openStrategies({
      rows: records.map(({ code, package: name, parameters, active }) => ({
        code,
        package: name,
        parameters,
        isActive: active,
      })),
      discovered,
      features: plan.features,
      instrument: plan.instrument,
      world: kind,
      allowSimulatedModels: config.allowSimulatedModels,
      champions: this.champions.of,
      askDeadlineMs: ASK_DEADLINE_MS,
      saved: (code) => saved.get(code)?.plugin,
      log: (strategy, message, facts) => log.info({ strategy, ...facts }, message),
    });
    return { strategies: this.strategies, records };
  }

  status(): readonly StrategyStatus[] {
    return this.strategies?.status() ?? [];
  }

  /** Those that cannot serve, one line each. */
  silent(): readonly string[] {
    return this.status()
      .filter(({ state }) => state === 'DEGRADED' || state === 'FAULTED')
      .map(({ code, reason }) => `${code} does not serve: ${reason}`);
  }

  /** What decides who runs with which model, as one text: another one asks for another set. */
  async rows(store: Store): Promise<string> {
    const [records, champions] = await Promise.all([listStrategies(store.pool), championText(store.pool)]);
    const rows = records.map(({ code, package: name, active, parameters }) => [code, name, active, parameters]);
    return `${JSON.stringify(rows)} ${champions} ${this.retryModels()}`;
  }

  /** Another number each minute while a champion waits for its store: it is tried again. */
  private retryModels(): number {
    return this.champions?.storeFailed() === true ? Math.floor(Date.now() / MODEL_RETRY_MS) : 0;
  }

  async close(): Promise<void> {
    await this.strategies?.close();
    this.strategies = undefined;
  }
}
