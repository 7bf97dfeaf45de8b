import { setTimeout as sleep } from 'node:timers/promises';
import { SignalboxError } from '@signalbox/core';
import type { Pool } from 'pg';
import { insertSignal, isBooked, type Delivery } from '../stores/postgres/external-signals.js';
import { storeError, type Queryable } from '../stores/postgres/pool.js';
import { isApplied, requestReset } from '../stores/postgres/risk-resets.js';

/** What is asked of the desk that decides, whichever host it runs on: a row each, which it takes in between two bars. */
export interface DeskRequests {
  /**
   * Stores an external signal and waits a moment for the book to hear of it.
   * @returns its id
   * @throws SIGNAL_EXISTS
   */
  deliver(delivery: Delivery): Promise<number>;
  /** Asks for a reset of the drawdown halt. @returns whether it is done; else it is once a desk runs */
  resetRisk(reset: {
    readonly strategyId: number;
    readonly symbol: string;
    readonly reason: string;
    readonly actor: string;
  }): Promise<boolean>;
}

const PATIENCE_MS = 1_000;
const LOOK_EVERY_MS = 20;

export function createDeskRequests(pool: () => Pool, patienceMs = PATIENCE_MS): DeskRequests {
  const within = async (done: (db: Queryable) => Promise<boolean>): Promise<boolean> => {
    const began = performance.now();
    for (;;) {
      if (await done(pool())) return true;
      if (performance.now() - began > patienceMs) return false;
      await sleep(LOOK_EVERY_MS);
    }
  };
  return {
    async deliver(delivery) {
      const id = await insertSignal(pool(), delivery).catch((error: unknown) => {
        throw storeError(error);
      });
      if (id === undefined) {
        const bar = new Date(delivery.barTime).toISOString();
        throw new SignalboxError(
          'SIGNAL_EXISTS',
          `there is a signal for the bar of ${bar} already`,
          'A signal is not changed once it is given; give one for the next bar.',
        );
      }
      await within((db) => isBooked(db, id));
      return id;
    },
    async resetRisk(reset) {
      const id = await requestReset(pool(), reset);
      return within((db) => isApplied(db, id));
    },
  };
}
