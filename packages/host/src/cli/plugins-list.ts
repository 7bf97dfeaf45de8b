import { isSignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { findRunning } from '../observe/running.js';
import { locate, type LocatedPackage } from '../plugins/locate.js';
import { loadSuspensions } from '../stores/postgres/plugin-faults.js';
import { listStrategies, type StrategyRecord } from '../stores/postgres/strategies.js';
import { WORLD_DATABASES } from '../stores/postgres/world.js';
import { keyHeader } from './own-key.js';
import type { Session } from './session.js';
import { withStore } from './store.js';
import { table } from './terminal.js';

interface Entry {
  readonly package: string | null;
  readonly version: string | null;
  readonly strategy_code: string | null;
  readonly allowed: boolean;
  readonly active: boolean | null;
  readonly state: string;
  readonly reason: string | null;
  readonly env: readonly string[];
}

/** `signalbox plugins list`: runs no package; a running host of this project is asked where each stands. */
export async function listPlugins(session: Session, config: Config): Promise<void> {
  let records: readonly StrategyRecord[] = [];
  let suspensions: ReadonlyMap<string, string> = new Map();
  let database: string = WORLD_DATABASES[config.world === 'demo' ? 'simulated' : 'market'];
  try {
    await withStore(session, config, async (store) => {
      database = store.database;
      [records, suspensions] = [await listStrategies(store.pool), await loadSuspensions(store.pool)];
    });
  } catch (error) {
    if (!isSignalboxError(error) || error.code !== 'INPUT_NOT_FOUND') throw error;
  }
  const live = await liveStates(
    findRunning(config.projectDir, database)?.services['models'],
    session.streams.env,
    session.signal,
  );
  const stateOf = (code: string | null, otherwise: string, why: string | null): Pick<Entry, 'state' | 'reason'> => {
    const heard = code === null ? undefined : live.get(code);
    if (heard) return heard;
    const suspended = code === null ? undefined : suspensions.get(code);
    return suspended === undefined ? { state: otherwise, reason: why } : { state: 'SUSPENDED', reason: suspended };
  };

  const entries: Entry[] = config.plugins.map((name) => {
    let located: LocatedPackage | null = null;
    let problem: string | null = null;
    let state = 'installed';
    try {
      located = locate(config.projectDir, name);
    } catch (error) {
      if (!isSignalboxError(error)) throw error;
      state = error.code === 'PLUGIN_NOT_INSTALLED' ? 'not_installed' : 'refused';
      problem = `${error.message} ${error.remedy}`;
    }
    const record = records.find((row) => row.package === name);
    const code = located?.code ?? record?.code ?? null;
    return {
      package: name,
      version: located?.version ?? null,
      strategy_code: code,
      allowed: true,
      active: record?.active ?? null,
      env: located?.env ?? [],
      ...stateOf(code, record && !record.active ? 'inactive' : state, problem),
    };
  });
  for (const row of records) {
    if (row.package !== null && config.plugins.includes(row.package)) continue;
    const external = row.package === null;
    entries.push({
      package: row.package,
      version: null,
      strategy_code: row.code,
      allowed: false,
      active: row.active,
      env: [],
      ...stateOf(
        row.code,
        external ? 'external' : row.active ? 'refused' : 'inactive',
        external ? null : 'not allow-listed',
      ),
    });
  }
  const rows = entries.map((one) => [
    one.strategy_code ?? '–',
    one.package ?? '–',
    one.version ?? '–',
    one.allowed ? 'yes' : 'no',
    one.state,
    one.reason ?? '',
  ]);
  session.terminal.result(
    { plugins: entries, host_running: live.size > 0 },
    rows.length === 0 ? 'no plugins' : table(['code', 'package', 'version', 'allowed', 'state', 'reason'], rows),
  );
}

async function liveStates(
  origin: string | undefined,
  env: Session['streams']['env'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Pick<Entry, 'state' | 'reason'>>> {
  if (origin === undefined) return new Map();
  try {
    const answer = await fetch(`${origin}/api/models`, {
      headers: keyHeader(env),
      signal: AbortSignal.any([signal, AbortSignal.timeout(3_000)]),
    });
    const { models } = (await answer.json()) as {
      models: readonly { strategy_code: string; state: string; reason: string | null }[];
    };
    return new Map(models.map(({ strategy_code, state, reason }) => [strategy_code, { state, reason }]));
  } catch (error) {
    if (signal.aborted) throw error;
    return new Map();
  }
}
