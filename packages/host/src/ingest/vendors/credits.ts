/** Requests that a plan allows in a minute, counted here: what the vendor would refuse is not asked. */
export interface Credits {
  /** Takes one; otherwise says in how many milliseconds one is free. */
  take(): number;
  /** The vendor says so itself: none before that many milliseconds have passed. */
  exhausted(ms: number): void;
}

/** @param now wall time, epoch milliseconds */
export function createCredits(perMinute: number, now: () => number = Date.now): Credits {
  const taken: number[] = [];
  let closedUntil = -Infinity;
  return {
    take() {
      const at = now();
      while (taken.length > 0 && taken[0]! <= at - 60_000) taken.shift();
      if (at < closedUntil) return closedUntil - at;
      if (taken.length >= perMinute) return taken[0]! + 60_000 - at;
      taken.push(at);
      return 0;
    },
    exhausted(ms) {
      closedUntil = Math.max(closedUntil, now() + ms);
    },
  };
}
