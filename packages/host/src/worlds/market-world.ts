import type { Clock } from '@signalbox/core';
import { ended, type HostWorld, type WorldContext } from './context.js';

/** Real bars, wall time. */
export class MarketWorld implements HostWorld {
  readonly kind = 'market';
  readonly clock: Clock = { mode: 'wall', speed: 1, now: Date.now };

  constructor(private readonly context: WorldContext) {}

  spec() {
    return { kind: this.kind } as const;
  }

  async take(): Promise<void> {}

  async run(): Promise<void> {
    const { crew, store, observer, signal } = this.context;
    await crew.open(store);
    for (const line of crew.silent()) observer.say(line);
    observer.ready();
    await ended(signal);
  }

  async stop(): Promise<void> {}
  async release(): Promise<void> {}
}
