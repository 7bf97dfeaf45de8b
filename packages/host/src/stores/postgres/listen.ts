import { createWake } from '../events/wake.js';
import type { ConnectionOptions } from './connection.js';
import { openClient } from './pool.js';

export interface Listener {
  stop(): Promise<void>;
}

/** Hears a channel's notifications on a connection of its own; when it is lost, another one a second later. */
export function listenAlways(options: {
  readonly connection: ConnectionOptions;
  readonly channel: string;
  /** Called too when a connection begins: what was said before it was not heard. */
  readonly hear: () => void;
  readonly onError: (error: unknown) => void;
}): Listener {
  const { connection, channel, hear, onError } = options;
  const wake = createWake();
  let stopped = false;
  let lost = false;
  const end = (): void => {
    lost = true;
    wake.now();
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      wake.clear();
      lost = false;
      try {
        const client = await openClient(connection);
        client.on('end', end);
        client.on('error', end);
        client.on('notification', hear);
        try {
          await client.query(`LISTEN ${channel}`);
          hear();
          while (!stopped && !lost) await wake.wait(60_000);
        } finally {
          await client.end().catch(() => {});
        }
      } catch (error) {
        if (!stopped) onError(error);
      }
      wake.clear();
      if (!stopped) await wake.wait(1_000);
    }
  };
  const running = run();
  return {
    async stop() {
      stopped = true;
      wake.now();
      await running;
    },
  };
}
