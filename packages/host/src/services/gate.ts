import { SignalboxError } from '@signalbox/core';

export interface GateOptions {
  /** Costly requests at one time; 8 by default. */
  readonly width?: number;
  /** Those that may wait; 64 by default. */
  readonly queue?: number;
  /** Milliseconds that one waits at most; 2,000 by default. */
  readonly patienceMs?: number;
}

/** Lets few in at a time; who waits too long, or finds the queue full, is told to come again. */
export interface Gate {
  /** @throws BUSY */
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate({ width = 8, queue = 64, patienceMs = 2000 }: GateOptions = {}): Gate {
  let inside = 0;
  const waiting = new Set<() => void>();
  const enter = (): Promise<void> => {
    if (inside < width) {
      inside++;
      return Promise.resolve();
    }
    if (waiting.size >= queue) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(admit);
        reject(busy());
      }, patienceMs);
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      waiting.add(admit);
    });
  };
  const leave = (): void => {
    // the place is handed on, not freed
    for (const next of waiting) {
      waiting.delete(next);
      return next();
    }
    inside--;
  };
  return {
    async run(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

const busy = (): SignalboxError =>
  new SignalboxError('BUSY', 'too many costly requests at one time', 'Ask again in a second.');
