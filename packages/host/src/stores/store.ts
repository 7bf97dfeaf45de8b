import type { Pool } from 'pg';
import { openEventFeed, type EventFeed } from './events/feed.js';
import { startRelay } from './events/relay.js';
import type { ConnectionOptions } from './postgres/connection.js';
import { openPool } from './postgres/pool.js';
import { createReads, type Reads } from './postgres/reads/index.js';
import type { World } from './postgres/world.js';

/** An open world: its pool, what the services read, its events, and the relay that publishes them. */
export interface Store {
  readonly world: World;
  readonly pool: Pool;
  readonly reads: Reads;
  readonly events: EventFeed;
  close(): Promise<void>;
}

export async function openStore(
  { world, connection }: { readonly world: World; readonly connection: ConnectionOptions },
  onError: (error: unknown) => void,
): Promise<Store> {
  const pool = openPool(connection, { onError });
  // a question of a reader may not hold what a cycle needs
  const readers = openPool(connection, { onError, statementTimeoutMs: 2_000 });
  const relay = startRelay({ connection, onError });
  const events = await openEventFeed({ pool, onError });
  return {
    world,
    pool,
    reads: createReads(readers),
    events,
    async close() {
      await events.close();
      await relay.stop();
      await readers.end();
      await pool.end();
    },
  };
}
