import { isSignalboxError } from '@signalbox/core';
import type { PostgresServer } from './embedded.js';
import { storeError } from './pool.js';

export interface RevivalOptions {
  readonly server: PostgresServer;
  /** The database stopped answering; once, however many noticed. */
  readonly onDown: (error: unknown) => void;
  readonly onRestarted: () => void;
  /** Errors that are none of a database that went away, and failed attempts to start it. */
  readonly onError: (error: unknown) => void;
}

/** Hears of failures of the store, and starts the embedded server again when it is gone. */
export interface Revival {
  readonly hear: (error: unknown) => void;
  stop(): void;
}

export function createRevival({ server, onDown, onRestarted, onError }: RevivalOptions): Revival {
  let stopped = false;
  let reviving = false;
  const revive = async (): Promise<void> => {
    for (let wait = 250; !stopped; wait = Math.min(10_000, wait * 2)) {
      try {
        if (await server.ensure()) onRestarted();
        return;
      } catch (error) {
        onError(error);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };
  return {
    hear(error) {
      if (stopped) return;
      const known = storeError(error);
      if (!isSignalboxError(known) || known.code !== 'STORE_DOWN') return onError(error);
      if (reviving) return;
      reviving = true;
      onDown(known);
      void revive().finally(() => (reviving = false));
    },
    stop() {
      stopped = true;
    },
  };
}
