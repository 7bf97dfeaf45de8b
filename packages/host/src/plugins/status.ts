import type { Champion } from './models.js';

/** Where a strategy stands. A lifecycle state in capitals when its package runs; otherwise why nothing runs. */
export type StrategyState =
  'READY' | 'RUNNING' | 'DEGRADED' | 'FAULTED' | 'SUSPENDED' | 'not_installed' | 'refused' | 'external' | 'inactive';

export interface StrategyStatus {
  readonly code: string;
  readonly package: string | null;
  readonly version: string | null;
  readonly state: StrategyState;
  /** Why it does not serve, for a person; null when it does. */
  readonly reason: string | null;
  readonly champion: Champion | null;
}
