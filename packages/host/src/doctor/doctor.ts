import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { SERVICES } from '../config/schema.js';
import { planOf } from '../inference/configured-plan.js';
import { findRunning, type Running } from '../observe/running.js';
import { discover } from '../plugins/discover.js';
import { describeConnection } from '../stores/postgres/connection.js';
import { startPostgres, type PostgresServer } from '../stores/postgres/embedded.js';
import { openClient, storeError } from '../stores/postgres/pool.js';
import { premises } from '../stores/postgres/premises.js';
import { readWorld, WORLD_DATABASES } from '../stores/postgres/world.js';
import {
  fail,
  failed,
  pass,
  skip,
  type Check,
  type Checked,
  type Finding,
  type OpenPatient,
  type Patient,
} from './check.js';
import * as access from './access.js';
import * as data from './data.js';
import * as database from './database.js';
import * as decisions from './decisions.js';
import * as machine from './machine.js';
import * as services from './services.js';

/** In the order in which a cause stands before what it causes. */
const CHECKS: readonly Check[] = [
  machine.node,
  machine.configuration,
  machine.disk,
  machine.ports,
  database.version,
  database.migrations,
  database.tables,
  database.clock,
  database.counts,
  database.vacuum,
  database.timescale,
  access.access,
  access.audit,
  data.freshness,
  data.gaps,
  data.duplicates,
  data.holidays,
  data.feeds,
  data.parity,
  decisions.plugins,
  decisions.models,
  decisions.active,
  decisions.signals,
  services.relay,
  services.redis,
  services.services,
  services.websocket,
  machine.drops,
  machine.logs,
];
const CONNECTION = 'database.connection';
export const CHECK_NAMES: readonly string[] = [
  ...CHECKS.slice(0, 4).map(({ name }) => name),
  CONNECTION,
  ...CHECKS.slice(4).map(({ name }) => name),
];
/** No check may hold up the others for longer. */
const DEADLINE_MS = 30_000;

export interface Diagnosis {
  readonly checks: readonly Checked[];
  /** Without a password; null where there is none yet. */
  readonly database: { readonly url: string | null };
  readonly world: Config['world'];
}

/** Looks at everything and changes nothing: no database is made, none is migrated. */
export async function diagnose(
  config: Config,
  env: Patient['env'],
  signal: AbortSignal,
  options: {
    readonly wanted?: (name: string) => boolean;
    readonly onCheck?: (done: number, total: number) => void;
  } = {},
): Promise<Diagnosis> {
  const { wanted = () => true, onCheck = () => {} } = options;
  const total = CHECK_NAMES.filter(wanted).length;
  const checks: Checked[] = [];
  const note = (name: string, finding: Finding): void => {
    checks.push({ name, ...finding });
    onCheck(checks.length, total);
  };
  const kind = config.world === 'demo' ? 'simulated' : 'market';
  const discovered = await discover(config.projectDir, config.plugins);
  const plan = await planOf(config);
  const opened = await open(config, env, kind);
  try {
    const host =
      (opened.database === null ? undefined : findRunning(config.projectDir, opened.database)) ?? (await probe(config));
    const patient: Patient = {
      config,
      env,
      plan,
      discovered,
      host,
      signal,
      now: kind === 'market' ? Date.now() : await demoNow(host),
    };
    for (const check of CHECKS) {
      signal.throwIfAborted();
      if (check === database.version && wanted(CONNECTION)) note(CONNECTION, opened.finding);
      if (!wanted(check.name)) continue;
      if (check.needs === 'nothing') note(check.name, await within(() => check.run(patient)));
      else if (!opened.patient) note(check.name, skip('the database could not be opened'));
      else note(check.name, await within(() => check.run({ ...patient, ...opened.patient! })));
    }
    return { checks, database: { url: opened.url }, world: config.world };
  } finally {
    await opened.close();
  }
}

async function within(run: () => Promise<Finding> | Finding): Promise<Finding> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      (async () => run())().catch(failed),
      sleep(DEADLINE_MS, undefined, { signal: timer.signal }).then(() =>
        fail(
          `no result within ${DEADLINE_MS / 1000} s`,
          'Something hangs: the machine, or a service that was asked. Run it again.',
        ),
      ),
    ]);
  } finally {
    timer.abort();
  }
}

interface Opened {
  readonly finding: Finding;
  readonly url: string | null;
  readonly database: string | null;
  readonly patient?: Pick<OpenPatient, 'db' | 'database' | 'connection'>;
  close(): Promise<void>;
}

/** The database of the world as it stands; it is neither made nor migrated. */
async function open(config: Config, env: Patient['env'], kind: 'market' | 'simulated'): Promise<Opened> {
  let server: PostgresServer | undefined;
  let url: string | null = null;
  const close = async (): Promise<void> => server?.stop();
  const nothing = { database: null, close };
  try {
    if (config.databaseUrl === null && !existsSync(join((await premises(config.projectDir)).data, 'PG_VERSION')))
      return { ...nothing, url, finding: skip('there is no database yet', 'signalbox start makes one.') };
    server = await startPostgres({ projectDir: config.projectDir, env });
    const name = server.database ?? WORLD_DATABASES[kind];
    const connection = server.connection(name);
    url = describeConnection(connection);
    const db = await openClient(connection);
    db.on('error', () => {});
    const world = await readWorld(db).catch(() => undefined);
    const finding =
      world && world.kind !== kind
        ? fail(
            `${name} holds a ${world.kind} world, and a ${kind} one is configured`,
            `Start with --world ${world.kind === 'market' ? 'market' : 'demo'}, or name another database.`,
          )
        : pass(
            `${url}${server.kind === 'embedded' ? (server.startedHere ? '; embedded, started for this check' : '; embedded') : ''}`,
          );
    return {
      finding,
      url,
      database: name,
      patient: { db, database: name, connection },
      close: async () => {
        await db.end().catch(() => {});
        await server!.stop();
      },
    };
  } catch (error) {
    const known = storeError(error);
    // PostgreSQL serves, and nobody has begun this world yet
    if (server?.kind === 'embedded' && isSignalboxError(known) && known.code === 'STORE_DATABASE_MISSING')
      return {
        ...nothing,
        url,
        finding: skip(`there is no ${config.world} world yet`, `signalbox start --world ${config.world}`),
      };
    return { ...nothing, url, finding: failed(known) };
  }
}

/** A host that was started elsewhere (a container, another folder) answers at the configured ports. */
async function probe(config: Config): Promise<Running | undefined> {
  const found: Record<string, string> = {};
  for (const name of SERVICES) {
    const { port, enabled } = config.services[name];
    if (!enabled || port === 0 || name === 'dashboard') continue;
    const url = `http://127.0.0.1:${port}`;
    try {
      const answer = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(2_000) });
      const health = (await answer.json()) as { world?: unknown; clock?: unknown };
      if (health.world === (config.world === 'demo' ? 'simulated' : 'market') && health.clock) found[name] = url;
    } catch {
      // nobody, or somebody else
    }
  }
  return Object.keys(found).length === 0 ? undefined : { pid: 0, services: found };
}

async function demoNow(host: Running | undefined): Promise<number | undefined> {
  const url = host?.services['models'] ?? host?.services['trading'] ?? host?.services['analytics'];
  if (url === undefined) return undefined;
  try {
    const answer = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(2_000) });
    return Date.parse(((await answer.json()) as { clock: { now: string } }).clock.now);
  } catch {
    return undefined;
  }
}
