/** Waiting that can be cut short; a call that comes before the wait counts. */
export interface Wake {
  now(): void;
  clear(): void;
  wait(ms: number): Promise<void>;
}

export function createWake(): Wake {
  let called = false;
  let finish: (() => void) | undefined;
  return {
    now() {
      called = true;
      finish?.();
    },
    clear() {
      called = false;
    },
    wait(ms) {
      if (called) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(() => finish?.(), ms);
        finish = () => {
          clearTimeout(timer);
          finish = undefined;
          resolve();
        };
      });
    },
  };
}
