import type { Pool } from 'pg';
import { SignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import { startPostgres, type PostgresServer } from '../stores/postgres/embedded.js';
import { openClient, openPool } from '../stores/postgres/pool.js';
import { openWorld, WORLD_DATABASES, type World } from '../stores/postgres/world.js';
import { actor } from './actor.js';
import type { Session } from './session.js';

/** An open world, for a command's own short time. */
export interface OpenStore {
  readonly pool: Pool;
  readonly world: World;
  readonly database: string;
}

/**
 * Opens the configured world, migrated, for as long as `work` takes: the embedded PostgreSQL is started, or used as it runs
 * already, and stopped again when this command started it and nobody else is connected.
 */
export async function withStore<T>(
  session: Session,
  config: Config,
  work: (store: OpenStore) => Promise<T>,
): Promise<T> {
  const kind = config.world === 'demo' ? 'simulated' : 'market';
  const server = await startPostgres({ projectDir: config.projectDir, env: session.streams.env });
  try {
    const database = server.database ?? WORLD_DATABASES[kind];
    // a demo world is made with its seed, by `start`; an empty one would be mistaken for it
    if (kind === 'simulated' && !(await exists(server, database))) {
      throw new SignalboxError(
        'INPUT_NOT_FOUND',
        `there is no demo world yet (database ${database})`,
        'Make one: signalbox start --world demo.',
      );
    }
    const { world, connection } = await openWorld(server, database, { kind });
    const pool = openPool(connection, { actor: actor() });
    try {
      return await work({ pool, world, database });
    } finally {
      await pool.end();
    }
  } finally {
    await server.stop();
  }
}

async function exists(server: PostgresServer, database: string): Promise<boolean> {
  const client = await openClient(server.admin);
  try {
    return (await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database])).rowCount === 1;
  } finally {
    await client.end();
  }
}
