import { Type, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import type { Caller } from '../security/caller.js';
import type { Role } from '../security/roles.js';
import type { ServiceDependencies } from './dependencies.js';

export { ROLES, type Role } from '../security/roles.js';

export const NOTHING = Type.Object({}, { additionalProperties: false });
type Nothing = typeof NOTHING;

export type Method = 'GET' | 'POST' | 'DELETE';

/**
 * One HTTP route, as data. The schemas are the single source of validation, of `/openapi.json` and of the client's types:
 * parameters are checked against them before the handler runs, answers against `response` in test mode.
 */
export interface Route {
  readonly method: Method;
  /** As `@koa/router` writes it: `/api/models/:code/trades`. */
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly params: TObject;
  readonly query: TObject;
  readonly body: TSchema | null;
  readonly response: TSchema;
  /** Status of its answer. */
  readonly success: 200 | 201;
  /** Error statuses of its own, beside 405, 422 and 503. */
  readonly errors: readonly number[];
  readonly role: Role;
  /** What a program of this very machine must be at least, who comes over loopback and not through a proxy; `role` by default. */
  readonly localRole: Role;
  /** Whether the audit says of each request who sent it. */
  readonly audited: boolean;
  /**
   * `seq`: the answer follows from the stored facts and the clock alone. It is kept while no event is published, for a
   * second at most, and carries an ETag.
   */
  readonly cache: 'seq' | 'none';
  /** `heavy`: few at a time; the others wait a moment, then get 503 with Retry-After. */
  readonly cost: 'light' | 'heavy';
  /** Fields of the answer that change with time alone: they do not change its ETag. */
  readonly passing: readonly string[];
  /** Media type of the answer. */
  readonly type: string;
  readonly handler: (input: Input, dependencies: ServiceDependencies) => Promise<unknown> | unknown;
}

/** Checked and defaulted parameters. */
export interface Input<P = unknown, Q = unknown, B = unknown> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Who asks. */
  readonly caller: Caller;
}

/** An answer with another status than 200, of the route's own response schema. */
export class Reply<T> {
  constructor(
    readonly status: number,
    readonly body: T,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}

/** An answer that its handler has written as JSON itself: for large ones. */
export class JsonText<T> {
  /** Only for the type. */
  declare readonly of?: T;
  constructor(readonly text: string) {}
}

type Answer<T> = T | Reply<T> | JsonText<T>;

interface RouteSpec<P extends TObject, Q extends TObject, B extends TSchema, R extends TSchema> {
  readonly method?: Method;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  /** 200 by default. */
  readonly success?: Route['success'];
  readonly errors?: readonly number[];
  /** `viewer` for GET, else `admin`: what says nothing is closed. */
  readonly role?: Role;
  readonly localRole?: Role;
  /** True by default of what is no GET. */
  readonly audited?: boolean;
  /** `none` by default. */
  readonly cache?: Route['cache'];
  /** `light` by default. */
  readonly cost?: Route['cost'];
  readonly passing?: readonly string[];
  /** `application/json` by default. */
  readonly type?: string;
  readonly handler: (
    input: Input<Static<P>, Static<Q>, Static<B>>,
    dependencies: ServiceDependencies,
  ) => Promise<Answer<Static<R>>> | Answer<Static<R>>;
}

/** Types a route's handler by its schemas: a handler whose answer does not fit its response schema does not compile. */
export function route<
  R extends TSchema,
  P extends TObject = Nothing,
  Q extends TObject = Nothing,
  B extends TSchema = Nothing,
>(spec: RouteSpec<P, Q, B, R>): Route {
  const role = spec.role ?? (spec.method === undefined || spec.method === 'GET' ? 'viewer' : 'admin');
  return Object.freeze({
    method: spec.method ?? 'GET',
    path: spec.path,
    summary: spec.summary,
    description: spec.description,
    params: spec.params ?? NOTHING,
    query: spec.query ?? NOTHING,
    body: spec.body ?? null,
    response: spec.response,
    success: spec.success ?? 200,
    errors: spec.errors ?? [],
    role,
    localRole: spec.localRole ?? role,
    audited: spec.audited ?? (spec.method !== undefined && spec.method !== 'GET'),
    cache: spec.cache ?? 'none',
    cost: spec.cost ?? 'light',
    passing: spec.passing ?? [],
    type: spec.type ?? 'application/json',
    handler: spec.handler as Route['handler'],
  });
}
