import type { Pool } from 'pg';
import { openEventFeed, type EventFeed } from './events/feed.js';
import { startRelay } from './events/relay.js';
import type { ConnectionOptions } from './postgres/connection.js';
import { openPool } from './postgres/pool.js';
import { openTableStreams } from './events/table-streams.js';
import type { EventStreams } from './events/stream.js';
import { createReads, type Reads } from './postgres/reads/index.js';
import type { World } from './postgres/world.js';
import type { RedisAddress } from './redis/connection.js';
import { startPublisher, type StreamPublisher } from './redis/publisher.js';
import { openRedisStreams } from './redis/streams.js';

/** An open world: its pool, what the services read, its events, and the relay that publishes them. */
export interface Store {
  readonly world: World;
  readonly pool: Pool;
  readonly reads: Reads;
  readonly events: EventFeed;
  /** The reference's streams: in Redis, or without one in the event table. */
  readonly streams: EventStreams;
  /** What copies the events into Redis; undefined without one. */
  readonly publisher: StreamPublisher | undefined;
  close(): Promise<void>;
}

export async function openStore(
  { world, connection }: { readonly world: World; readonly connection: ConnectionOptions },
  onError: (error: unknown) => void,
  redis: RedisAddress | null = null,
): Promise<Store> {
  const pool = openPool(connection, { onError });
  // a question of a reader may not hold what a cycle needs
  const readers = openPool(connection, { onError, statementTimeoutMs: 2_000 });
  const relay = startRelay({ connection, onError });
  const events = await openEventFeed({ pool, onError });
  const publisher = redis ? startPublisher({ connection, redis, onError }) : undefined;
  const streams = redis ? openRedisStreams(redis) : openTableStreams(pool, events);
  return {
    world,
    pool,
    streams,
    publisher,
    reads: createReads(readers),
    events,
    async close() {
      await streams.close();
      await publisher?.stop();
      await events.close();
      await relay.stop();
      await readers.end();
      await pool.end();
    },
  };
}
