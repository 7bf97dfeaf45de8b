import type { AnyView, Artifact, Instrument, Opinion } from '@signalbox/core';
import type { ConformanceReport } from '@signalbox/core/testing';
import type { PlanSource } from '../../inference/configured-plan.js';

/** What the host sends to a plugin's process: structured clones, so that NaN and typed arrays arrive as they are. */
export type Order =
  | { readonly kind: 'load'; readonly entry: string }
  | ({ readonly kind: 'open' } & SessionOrder)
  | { readonly kind: 'ask'; readonly id: number; readonly view: AnyView; readonly milliseconds: number }
  /** Runs the conformance kit over the package; for commands, never live. */
  | ({ readonly kind: 'conform' } & ConformOrder)
  | { readonly kind: 'close' };

export interface ConformOrder {
  readonly config: unknown;
  readonly artifacts: Readonly<Record<string, Artifact>>;
  /** Where the plan comes from that it is held to; it is compiled in the process itself, as transforms are functions. */
  readonly plan: PlanSource;
  /** Milliseconds for one answer. */
  readonly deadlineMs: number;
}

/** All that `create` gets, but for `log` and `random`, which the plugin's side makes itself. */
export interface SessionOrder {
  readonly config: unknown;
  readonly artifacts: Readonly<Record<string, Artifact>>;
  readonly instrument: Instrument;
  readonly saved: unknown;
  readonly featureHashes: Readonly<Record<string, string>>;
  readonly featureDefinitions: Readonly<Record<string, object>> | undefined;
}

/** What a plugin's process sends: JSON. The plugin's own code can write there too, so that nothing of it is believed. */
export type Reply =
  | { readonly kind: 'loaded'; readonly description: unknown }
  | { readonly kind: 'opened'; readonly members: readonly string[]; readonly state: unknown }
  | { readonly kind: 'conformed'; readonly report: ConformanceReport }
  /** `create` or the import failed. With `remedy` it is a coded error, which is no fault of the plugin's. */
  | { readonly kind: 'failed'; readonly message: string; readonly code?: string; readonly remedy?: string }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly opinion: Opinion;
      /** What went wrong with it: a throw, an answer that is no opinion. */
      readonly fault: string | null;
      /** What `save` gives after the bar; null when the strategy keeps no state. */
      readonly state: unknown;
    }
  | {
      readonly kind: 'log';
      readonly message: string;
      readonly facts?: Readonly<Record<string, string | number | boolean>>;
    };
