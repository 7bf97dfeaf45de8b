import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions } from './connection.js';
import { openClient } from './pool.js';

/** Held by the host that moves a simulated world's clock: two clocks on one world would contradict each other. */
export interface WorldLock {
  release(): Promise<void>;
}

const LOCK = 7_446_020;
/** A host that was killed a moment ago still holds it until the server has noticed. */
const PATIENCE_MS = 3_000;

/** Undefined when another host holds it. The database lets go of it when its holder is gone, however it went. */
export async function lockWorld(connection: ConnectionOptions): Promise<WorldLock | undefined> {
  let released = false;
  const take = async (): Promise<Awaited<ReturnType<typeof openClient>> | undefined> => {
    const client = await openClient(connection);
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [LOCK]);
    if (rows[0]!.held) return client;
    await client.end();
    return undefined;
  };
  const until = Date.now() + PATIENCE_MS;
  let client = await take();
  while (!client && Date.now() < until) {
    await sleep(100);
    client = await take();
  }
  if (!client) return undefined;

  // a database that went away and came back knows nothing of the lock: take it again
  const hold = (held: NonNullable<typeof client>): void => {
    held.once('end', () => void again());
  };
  const again = async (): Promise<void> => {
    while (!released) {
      const next = await take().catch(() => undefined);
      if (next && released) return void next.end();
      if (next) {
        client = next;
        return hold(next);
      }
      await sleep(250);
    }
  };
  hold(client);
  return {
    async release() {
      released = true;
      await client?.end().catch(() => {});
    },
  };
}
