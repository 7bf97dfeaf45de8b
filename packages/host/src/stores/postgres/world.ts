import { SignalboxError } from '@signalbox/core';
import type { ConnectionOptions } from './connection.js';
import { carryAccess } from './credentials.js';
import type { PostgresServer } from './embedded.js';
import { migrate } from './migrate.js';
import { ensureDatabase, identifier, createDatabase, nextOf } from './database.js';
import { openClient, storeError, type Queryable } from './pool.js';

/** Databases of the two worlds. */
export const WORLD_DATABASES = { market: 'usdcop_trading', simulated: 'usdcop_demo' } as const;

export interface World {
  readonly kind: 'market' | 'simulated';
  readonly seed: number | null;
  readonly edge: number | null;
  /** First session of a simulated world, `YYYY-MM-DD`. */
  readonly firstSession: string | null;
  /** Counts the demo worlds that followed each other. */
  readonly generation: number;
  /** Events are numbered above it. */
  readonly seqBase: number;
  /** Market time of the first cycle; null before it. */
  readonly firstCycleAt: number | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Wall time. */
  readonly createdAt: number;
}

/** What a world is created with. */
export interface WorldSpec {
  readonly kind: World['kind'];
  readonly seed?: number;
  readonly edge?: number;
  readonly firstSession?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
}

const COLUMNS = `kind, seed, edge, first_session AS "firstSession", generation, seq_base AS "seqBase",
  first_cycle_at AS "firstCycleAt", parameters, created_at AS "createdAt"`;

export async function readWorld(db: Queryable): Promise<World | undefined> {
  const { rows } = await db.query<World>(`SELECT ${COLUMNS} FROM dw.world`);
  return rows[0];
}

/** Marks the world's first cycle; macro values stored from then on carry the time at which they were first seen. */
export async function markFirstCycle(db: Queryable, marketTime: number): Promise<void> {
  await db.query('UPDATE dw.world SET first_cycle_at = $1 WHERE first_cycle_at IS NULL', [new Date(marketTime)]);
}

async function found(
  connection: ConnectionOptions,
  spec: WorldSpec,
  generation: number,
  seqBase: number,
): Promise<World> {
  const client = await openClient(connection);
  try {
    await client.query(
      `INSERT INTO dw.world (kind, seed, edge, first_session, generation, seq_base, parameters)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [
        spec.kind,
        spec.seed ?? null,
        spec.edge ?? null,
        spec.firstSession ?? null,
        generation,
        seqBase,
        JSON.stringify(spec.parameters ?? {}),
      ],
    );
    return (await readWorld(client))!;
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Opens the world in `database`; creates the database and migrates it as needed. `spec` says what to make of an empty one;
 * of an existing one only its kind is checked.
 *
 * @throws SignalboxError WORLD_MISMATCH, STORE_NEWER, STORE_MIGRATION_CHANGED, STORE_DOWN, and what {@link ensureDatabase} throws
 */
export async function openWorld(
  server: PostgresServer,
  database: string,
  spec: WorldSpec,
): Promise<{ world: World; connection: ConnectionOptions; created: boolean }> {
  await ensureDatabase(server, database);
  const connection = server.connection(database);
  await migrate(connection).catch((error: unknown) => {
    throw storeError(error);
  });
  const client = await openClient(connection);
  const before = await readWorld(client).finally(() => client.end().catch(() => {}));
  const world = before ?? (await found(connection, spec, 1, 0));
  if (world.kind !== spec.kind)
    throw new SignalboxError(
      'WORLD_MISMATCH',
      `the database ${database} holds a ${world.kind} world, not a ${spec.kind} one`,
      `Open it with --world ${world.kind === 'market' ? 'market' : 'demo'}, or name another database.`,
    );
  return { world, connection, created: before === undefined };
}

/**
 * Begins a simulated world again: a new database under the old name, one generation later, its events numbered above the
 * old one's. Relay and pools of the old one must be closed; whoever is still connected is cut off.
 */
export async function renewWorld(
  server: PostgresServer,
  database: string,
  spec: WorldSpec & { readonly kind: 'simulated' },
): Promise<{ world: World; connection: ConnectionOptions }> {
  const { world: old, connection } = await openWorld(server, database, spec);
  const reader = await openClient(connection);
  const { rows } = await reader
    .query<{ highest: number }>('SELECT greatest(max(e.seq), $1)::bigint AS highest FROM dw.events e', [old.seqBase])
    .finally(() => reader.end().catch(() => {}));
  const next = nextOf(database);
  const admin = await openClient(server.admin);
  try {
    await admin.query(`DROP DATABASE IF EXISTS ${identifier(next)} WITH (FORCE)`);
    await createDatabase(admin, next);
    await migrate(server.connection(next));
    await found(server.connection(next), spec, old.generation + 1, rows[0]!.highest);
    await carryAccess(connection, server.connection(next));
    await admin.query(`DROP DATABASE ${identifier(database)} WITH (FORCE)`);
    await admin.query(`ALTER DATABASE ${identifier(next)} RENAME TO ${identifier(database)}`);
  } finally {
    await admin.end().catch(() => {});
  }
  const client = await openClient(connection);
  const world = await readWorld(client).finally(() => client.end().catch(() => {}));
  return { world: world!, connection };
}
