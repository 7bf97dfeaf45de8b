import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Bar } from '../market/bar.js';
import type { Instrument } from '../market/instrument.js';
import type { Position } from '../market/position.js';
import type { MemberOpinion, Opinion } from './opinion.js';

/** What a strategy sees of one bar: plain data, structured-clonable. */
export interface View<F extends string, M extends string> {
  readonly bar: Bar;
  /** Normalised feature values by name. */
  readonly features: Readonly<Record<F, number>>;
  /** The same numbers in declared order: straight into a tensor. Valid until `onBar` settles. */
  readonly vector: Float64Array;
  /** The account after this bar's fills and mark. */
  readonly position: Position;
  /** Opinions of the active members of the same bar; a member that is not active is absent. */
  readonly opinions: Readonly<Partial<Record<M, MemberOpinion>>>;
}

export interface Turn {
  readonly abort: AbortSignal;
  /** Wall time, epoch milliseconds, after which the answer no longer counts. */
  readonly deadline: number;
}

/** One running strategy for one symbol; its state lives in the closure that made it. */
export interface Session<F extends string, M extends string, St> {
  onBar(view: View<F, M>, turn: Turn): Opinion | Promise<Opinion>;
  /** State to restore from, as the definition's `state` schema says. */
  save?(): St;
  close?(): void | Promise<void>;
}

export type ArtifactFormat = 'onnx' | 'xgboost-json' | 'xgboost-ubj' | 'lightgbm-text';

export interface Artifact {
  readonly format: ArtifactFormat;
  readonly sha256: string;
  readonly bytes: Uint8Array;
  /** The trainer's manifest that stands beside the model, parsed JSON. */
  readonly manifest?: unknown;
}

export interface Context<C, A extends string, St> {
  readonly config: C;
  readonly instrument: Instrument;
  readonly saved: St | undefined;
  readonly artifacts: Readonly<Record<A, Artifact>>;
  /** Hash of each declared feature's definition, by name: what an artifact's manifest is checked against. */
  readonly featureHashes: Readonly<Record<string, string>>;
  /** Those definitions, so that a mismatch can name the field that differs. */
  readonly featureDefinitions?: Readonly<Record<string, object>>;
  readonly log: (message: string, facts?: Readonly<Record<string, string | number | boolean>>) => void;
  /** 0 ≤ x < 1, seeded by strategy, symbol and bar. */
  readonly random: () => number;
}

type Json<S> = S extends JSONSchema ? FromSchema<S> : never;

/** A strategy as data. Make one with {@link defineStrategy}. */
export interface StrategyDefinition<
  F extends string,
  M extends string,
  A extends string,
  CS extends JSONSchema,
  SS extends JSONSchema,
> {
  readonly code: string;
  readonly name: string;
  readonly type: 'RL' | 'ML' | 'LLM' | 'ENSEMBLE';
  readonly apiVersion: 1;
  readonly features: readonly F[];
  /** Strategies whose opinions of the same bar this one needs; the engine asks them first. */
  readonly members?: readonly M[];
  /** Further members that the configuration names. */
  membersOf?(config: Json<CS>): readonly string[];
  /**
   * True when an answer costs money or asks a service of others: a host then asks only on live bars, never in catch-up, in
   * sessions that nobody watches or in a backtest.
   */
  metered?(config: Json<CS>): boolean;
  readonly artifacts?: { readonly [K in A]: readonly ArtifactFormat[] };
  /** JSON Schema of the configuration (`dim_strategy.parameters`). */
  readonly config: CS;
  /** JSON Schema of what `save` returns. */
  readonly state?: SS;
  /** Features whose absence (NaN) this strategy handles itself. */
  readonly acceptsMissing?: readonly NoInfer<F>[];
  /** Loads the model. Rejects with `StrategyUnavailable` when it cannot serve. */
  create(
    context: Context<Json<CS>, NoInfer<A>, Json<SS>>,
  ): Session<NoInfer<F>, NoInfer<M>, Json<NoInfer<SS>>> | Promise<Session<NoInfer<F>, NoInfer<M>, Json<NoInfer<SS>>>>;
}

/** String brand, never `instanceof`: two copies of core may meet in one process. */
export const STRATEGY_BRAND = '@signalbox/Strategy' as const;

/** Freezes and brands a strategy definition; types of configuration, state, features and artifacts are inferred from it. */
export function defineStrategy<
  const F extends string,
  const CS extends JSONSchema,
  const M extends string = never,
  const A extends string = never,
  const SS extends JSONSchema = false,
>(definition: StrategyDefinition<F, M, A, CS, SS>) {
  return Object.freeze({ $$type: STRATEGY_BRAND, ...definition });
}

/** A definition whose types are no longer known, as a host holds it after discovery. */
export interface AnyStrategy {
  readonly $$type: typeof STRATEGY_BRAND;
  readonly code: string;
  readonly name: string;
  readonly type: 'RL' | 'ML' | 'LLM' | 'ENSEMBLE';
  readonly apiVersion: 1;
  readonly features: readonly string[];
  readonly members?: readonly string[];
  membersOf?(config: unknown): readonly string[];
  metered?(config: unknown): boolean;
  readonly artifacts?: Readonly<Record<string, readonly ArtifactFormat[]>>;
  readonly config: JSONSchema;
  readonly state?: JSONSchema;
  readonly acceptsMissing?: readonly string[];
  create(context: Context<unknown, string, unknown>): AnySession | Promise<AnySession>;
}
export type AnySession = Session<string, string, unknown>;
export type AnyView = View<string, string>;
