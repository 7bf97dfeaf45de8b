import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import type { ServiceDependencies } from './dependencies.js';

export const NOTHING = Type.Object({}, { additionalProperties: false });
type Nothing = typeof NOTHING;

/**
 * One HTTP route, as data. The schemas are the single source of validation, of `/openapi.json` and of the client's types:
 * parameters are checked against them before the handler runs, answers against `response` in test mode.
 */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As `@koa/router` writes it: `/api/models/:code/trades`. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly params: TObject;
  readonly query: TObject;
  readonly body: TSchema | null;
  readonly response: TSchema;
  /** Error statuses of its own, beside 405, 422 and 503. */
  readonly errors: readonly number[];
  /** False for the few routes that answer without the database. */
  readonly handler: (input: Input, dependencies: ServiceDependencies) => Promise<unknown> | unknown;
}

/** Checked and defaulted parameters. */
export interface Input<P = unknown, Q = unknown, B = unknown> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

/** An answer with another status than 200, of the route's own response schema. */
export class Reply<T> {
  constructor(
    readonly status: number,
    readonly body: T,
  ) {}
}

interface RouteSpec<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema> {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  readonly errors?: readonly number[];
  readonly handler: (
    input: Input<Static<P>, Static<Q>, Static<B>>,
    dependencies: ServiceDependencies,
  ) => Promise<Static<R> | Reply<Static<R>>> | Static<R> | Reply<Static<R>>;
}

/** Types a route's handler by its schemas: a handler whose answer does not fit its response schema does not compile. */
export function route<
  R extends TSchema,
  P extends TObject = Nothing,
  Q extends TObject = Nothing,
  B extends TSchema = Nothing,
>(spec: RouteSpec<P, Q, B, R>): Route {
  return Object.freeze({
    method: spec.method ?? 'GET',
    path: spec.path,
    summary: spec.summary,
    description: spec.description,
    params: spec.params ?? NOTHING,
    query: spec.query ?? NOTHING,
    body: spec.body ?? null,
    response: spec.response,
    errors: spec.errors ?? [],
    handler: spec.handler as Route['handler'],
  });
}
