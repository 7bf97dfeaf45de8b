import type { Clock } from '@signalbox/core';
import type { Config } from '../config/config.js';
import type { Feed } from '../inference/feed.js';
import type { Plan } from '../inference/plan.js';
import type { ClockControl, EventSource } from '../services/dependencies.js';
import type { Listening } from '../services/listen.js';
import type { ConnectionOptions } from '../stores/postgres/connection.js';
import type { PostgresServer } from '../stores/postgres/embedded.js';
import type { WorldSpec } from '../stores/postgres/world.js';
import type { Store } from '../stores/store.js';
import type { Crew } from './crew.js';

export interface StartOptions {
  /** Market seconds per wall second of the demo clock; 60 by default. */
  readonly speed?: number;
  /** Ends the host in order. */
  readonly signal: AbortSignal;
  readonly observer: StartObserver;
  /** Where a market world asks for bars; without one it takes those that others store. */
  readonly feed?: Feed;
  /** Wall time, epoch milliseconds; `Date.now` by default. */
  readonly wallNow?: () => number;
}

/** What a person at the terminal, or a test, hears of the start. */
export interface StartObserver {
  listening(services: readonly Listening[]): void;
  progress(stage: 'history' | 'unwatched', done: number, total: number): void;
  /** Signals arrive from now on. */
  ready(): void;
  say(text: string): void;
}

/** What the host lends to the world that it runs. */
export interface WorldContext extends StartOptions {
  readonly config: Config;
  readonly plan: Plan;
  readonly server: PostgresServer;
  readonly database: string;
  readonly crew: Crew;
  /** The open store; another one after the demo has begun again. */
  readonly store: Store;
  /** Uses another store from now on. */
  replaceStore(store: Store): Promise<void>;
  /** After the store was replaced: clients of the live streams hear of the gap. */
  resetLive(): Promise<void>;
  /** Failures of the store and of what runs behind the services. */
  readonly onError: (error: unknown) => void;
  /** The published events, whichever store they come from. */
  readonly events: EventSource;
}

/** How market time passes in this host's database, and who decides on its bars. */
export interface HostWorld {
  readonly kind: 'market' | 'simulated';
  /** Market time. */
  readonly clock: Clock;
  /** Commands to the clock; absent where it is the wall's. */
  readonly control?: ClockControl;
  /** What an empty database is made into. */
  spec(): WorldSpec;
  /** Before anything is read: refuses where this host may not run (HOST_RUNNING). */
  take(connection: ConnectionOptions): Promise<void>;
  /** Runs until the host is told to end. */
  run(): Promise<void>;
  /** Ends what runs; the store is still open. */
  stop(): Promise<void>;
  /** Gives back what `take` took; the store is closed. */
  release(): Promise<void>;
}

/** Resolves when the host is told to end. */
export function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
