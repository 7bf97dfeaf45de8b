import type { AnyView, Opinion, Maybe } from '@signalbox/core';
import type { StrategyState } from './status.js';

/** A strategy that was opened, wherever it runs. */
export interface Serving {
  /** Members that its configuration names beside those of its definition; null until it has said so. */
  readonly members: readonly string[] | null;
  /** Never throws or rejects: what fails is a `none` with its code. */
  ask(view: AnyView): Maybe<Opinion>;
  /** What it wants restored next time, as after its last answer; null when it keeps no state. */
  state(): unknown;
  close(): Promise<void>;
}

/** Where a strategy's own state is kept while it serves. */
export interface Standing {
  set(state: StrategyState, reason: string | null): void;
}
