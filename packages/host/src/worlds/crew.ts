import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_FILE, loadConfig, type Config } from '../config/config.js';
import type { Aside } from '../inference/explain.js';
import type { Plan } from '../inference/plan.js';
import type { Log } from '../observe/log.js';
import { championText, openChampions, type Champions } from '../models/candidates.js';
import { discover, type Discovery } from '../plugins/discover.js';
import { StoredLedger } from '../plugins/ledger.js';
import { openStrategies, type OpenStrategies } from '../plugins/open.js';
import { registerDiscovered } from '../plugins/register.js';
import type { StrategyStatus } from '../plugins/status.js';
import type { Artifacts } from '../stores/artifacts/open.js';
import { loadStates } from '../stores/postgres/state.js';
import { listStrategies, type StrategyRecord } from '../stores/postgres/strategies.js';
import type { Store } from '../stores/store.js';

const MODEL_RETRY_MS = 60_000;

/**
 * The strategies of a host: opened from the rows of `dw.dim_strategy`, one set at a time, each in a process of its own. The
 * allow-list of the configuration file is followed while the host runs: only what stands there is ever loaded.
 */
export class Crew {
  private strategies: OpenStrategies | undefined;
  private champions: Champions | undefined;
  private discovered: readonly Discovery[];
  private allowed: readonly string[];
  private readonly ledger: StoredLedger;
  private store: Store | undefined;
  /** When the configuration file was changed last, as far as this host has read it. */
  private read: number;

  constructor(
    private readonly options: {
      readonly config: Config;
      readonly plan: Plan;
      readonly discovered: readonly Discovery[];
      readonly artifacts: Artifacts;
      readonly kind: 'market' | 'simulated';
      readonly log: Log;
      /** Market time: that of alerts. */
      readonly marketTime: () => number;
    },
  ) {
    this.discovered = options.discovered;
    this.allowed = options.config.plugins;
    this.read = this.configChanged();
    this.ledger = new StoredLedger({
      pool: () => this.store!.pool,
      marketTime: options.marketTime,
      onError: (error) => options.log.warn({ err: error }, 'a fault of a plugin is not stored yet'),
    });
  }

  /** Gives each discovered strategy its row, and takes suspensions along into a world that begins again. */
  async register(store: Store): Promise<void> {
    this.store = store;
    await registerDiscovered(store.pool, this.discovered, this.options.config.strategies);
    await this.ledger.carry();
  }

  /** Opens the active ones from their last commit; those that were open are closed before. */
  async open(store: Store): Promise<{ strategies: OpenStrategies; records: readonly StrategyRecord[] }> {
    const { config, plan, artifacts, kind, log } = this.options;
    await this.strategies?.close();
    this.strategies = undefined;
    await this.ledger.load();
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
      discovered: this.discovered,
      features: plan.features,
      instrument: plan.instrument,
      world: kind,
      allowSimulatedModels: config.allowSimulatedModels,
      champions: this.champions.of,
      askDeadlineMs: config.isolation.deadlineMs,
      ledger: this.ledger,
      saved: (code) => saved.get(code)?.plugin,
      log: (strategy, message, facts) => log.info({ strategy, ...facts }, message),
    });
    return { strategies: this.strategies, records };
  }

  /** One strategy once more, beside the live ones: without saved state, and its faults count for nobody. */
  async openAside(code: string): Promise<Aside | null> {
    const { config, plan, kind, log } = this.options;
    const record = (await listStrategies(this.store!.pool)).find((each) => each.code === code);
    const found = this.discovered.find((each) => 'strategy' in each && each.package === record?.package);
    if (!record || !found || !('strategy' in found)) return null;
    const formats = Object.values(found.strategy.definition.artifacts ?? {}).flat();
    const strategies = await openStrategies({
      rows: [{ code, package: record.package, parameters: record.parameters, isActive: true }],
      discovered: [found],
      features: plan.features,
      instrument: plan.instrument,
      world: kind,
      allowSimulatedModels: config.allowSimulatedModels,
      ...(this.champions ? { champions: this.champions.of } : {}),
      askDeadlineMs: config.isolation.deadlineMs,
      log: (strategy, message, facts) => log.info({ strategy, aside: true, ...facts }, message),
    });
    return {
      strategies,
      members: this.strategies?.seats.find((seat) => seat.code === code)?.members ?? [],
      approximate: formats.length > 0 && formats.every((format) => format === 'onnx'),
    };
  }

  status(): readonly StrategyStatus[] {
    return this.strategies?.status() ?? [];
  }

  /** Those that cannot serve, one line each. */
  silent(): readonly string[] {
    return this.status()
      .filter(({ state }) => state === 'DEGRADED' || state === 'FAULTED' || state === 'SUSPENDED')
      .map(({ code, reason }) => `${code} does not serve: ${reason}`);
  }

  /**
   * What decides who runs with which model, as one text: another one asks for another set. Rows of `dw.dim_strategy`, the
   * allow-list, champions, and suspensions that an operator made or lifted.
   */
  async rows(store: Store): Promise<string> {
    await this.followAllowList(store);
    // at once: it is asked before each bar is decided upon
    const [records, champions, suspensions] = await Promise.all([
      listStrategies(store.pool),
      championText(store.pool),
      this.ledger.changes(),
    ]);
    return JSON.stringify([
      this.allowed,
      records.map(({ code, package: name, active, parameters }) => [code, name, active, parameters]),
      champions,
      this.retryModels(),
      suspensions,
    ]);
  }

  /** Another number each minute while a champion waits for its store: it is tried again. */
  private retryModels(): number {
    return this.champions?.storeFailed() === true ? Math.floor(Date.now() / MODEL_RETRY_MS) : 0;
  }

  async close(): Promise<void> {
    this.ledger.stop();
    await this.strategies?.close();
    this.strategies = undefined;
    await Promise.all(this.discovered.map((found) => ('strategy' in found ? found.strategy.apart?.release() : null)));
  }

  /** Reads the configuration file again when it was changed, and loads what the allow-list has more than before. */
  private async followAllowList(store: Store): Promise<void> {
    const changed = this.configChanged();
    if (changed === this.read) return;
    this.read = changed;
    const { config, log } = this.options;
    let plugins: readonly string[];
    try {
      ({ plugins } = loadConfig(config.projectDir, process.env));
    } catch (error) {
      log.warn({ err: error }, 'the configuration file cannot be read; the plugins stay as they are');
      return;
    }
    const known = new Map(this.discovered.map((found) => [found.package, found]));
    const added = plugins.filter((name) => !('strategy' in (known.get(name) ?? {})));
    const fresh = await discover(config.projectDir, added, config.isolation);
    for (const found of fresh) {
      known.set(found.package, found);
      if ('problem' in found) log.warn({ plugin: found.package }, `${found.problem.message} ${found.problem.remedy}`);
    }
    this.discovered = plugins.map((name) => known.get(name)!);
    this.allowed = plugins;
    await registerDiscovered(store.pool, fresh, config.strategies);
  }

  private configChanged(): number {
    return statSync(join(this.options.config.projectDir, CONFIG_FILE), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }
}
