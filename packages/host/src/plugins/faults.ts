/** How a plugin failed. */
export const FAULT_KINDS = ['throw', 'malformed', 'timeout', 'exit', 'memory', 'channel', 'start', 'state'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** One line for a person. */
  readonly detail: string;
}

/** Faults within {@link FAULT_WINDOW_MS} after which a plugin is suspended. */
export const FAULT_LIMIT = 3;
/** An hour of wall time. */
export const FAULT_WINDOW_MS = 3_600_000;

/** Who is suspended, and the faults that lead there; kept in the database, so that a restart forgives nothing. */
export interface FaultLedger {
  /** Why a strategy is suspended; null when it is not. */
  suspended(code: string): string | null;
  /** Counts a fault. With the third in an hour the strategy is suspended from then on. @returns the reason, when it is now */
  record(code: string, fault: Fault): string | null;
}

/** Counts in memory; `keep` takes each fault and suspension to where it lasts. */
export function createFaultLedger(options: {
  readonly suspended?: ReadonlyMap<string, string>;
  /** Wall times of faults within the last hour, oldest first. */
  readonly recent?: ReadonlyMap<string, readonly number[]>;
  readonly now?: () => number;
  readonly keep?: (code: string, fault: Fault, at: number, suspended: string | null) => void;
}): FaultLedger {
  const now = options.now ?? Date.now;
  const suspended = new Map(options.suspended);
  const recent = new Map([...(options.recent ?? [])].map(([code, times]) => [code, [...times]]));
  return {
    suspended: (code) => suspended.get(code) ?? null,
    record(code, fault) {
      const at = now();
      const times = (recent.get(code) ?? []).filter((time) => time > at - FAULT_WINDOW_MS);
      times.push(at);
      recent.set(code, times);
      let reason: string | null = null;
      if (times.length >= FAULT_LIMIT && !suspended.has(code)) {
        reason = `${times.length} faults within an hour, the last: ${fault.detail}`;
        suspended.set(code, reason);
      }
      options.keep?.(code, fault, at, reason);
      return reason;
    },
  };
}
