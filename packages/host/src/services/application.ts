import Koa, { type Context } from 'koa';
import Router from '@koa/router';
import { SignalboxError } from '@signalbox/core';
import type { Access as Admittance } from '../security/access.js';
import { admission, callerOf } from '../security/admission.js';
import { ROLES, type Role } from '../security/roles.js';
import { Throttled } from '../security/throttle.js';
import type { ServiceDependencies } from './dependencies.js';
import { openApi } from './openapi.js';
import { checkHost, checkSameOrigin, type Access } from './origin.js';
import { DOCS_POLICY } from './docs.js';
import type { AuditEntry } from '../stores/postgres/audit.js';
import type { Gate } from './gate.js';
import type { Keep } from './keep.js';
import { JsonText, Reply, type Input, type Route } from './route.js';
import { errorBody } from './status.js';
import * as validation from './validation.js';
import { send } from './wire.js';

export interface ApplicationOptions extends Access {
  /** Title of the OpenAPI document. */
  readonly title: string;
  /** Checks every answer against its schema: for tests. */
  readonly checkAnswers?: boolean;
  readonly keep: Keep;
  readonly gate: Gate;
  /** Who is let in. */
  readonly admittance: Admittance;
  /** Told of each answer: the route's path as it is registered, and seconds. */
  readonly onAnswer?: (route: string, method: string, status: number, seconds: number) => void;
  /** Told of what went wrong inside: the caller sees a code only. */
  readonly onError?: (error: unknown, request: { readonly method: string; readonly path: string }) => void;
}

const MAX_BODY = 1024 * 1024;
const MAX_ANSWER = 20 * 1024 * 1024;

/** Makes a Koa application of routes. */
export function createApplication(
  routes: readonly Route[],
  dependencies: ServiceDependencies,
  options: ApplicationOptions,
): Koa {
  const app = new Koa();
  const router = new Router();
  for (const route of routes) router.register(route.path, [route.method], serve(route, dependencies, options));
  const document = openApi(options.title, dependencies.version, routes);
  router.get('/openapi.json', (ctx) => {
    ctx.body = document;
  });

  const { onAnswer } = options;
  if (onAnswer) {
    app.use(async (ctx, next) => {
      const began = performance.now();
      await next();
      const route = (ctx as Context & { _matchedRoute?: unknown })._matchedRoute;
      onAnswer(typeof route === 'string' ? route : 'none', ctx.method, ctx.status, (performance.now() - began) / 1000);
    });
  }
  app.use(guard(options));
  app.use(admission(roles(router, routes), options.admittance));
  app.use(router.routes());
  app.use((ctx) => {
    const matched = router.match(ctx.path, ctx.method).path;
    if (matched.length === 0) {
      throw new SignalboxError('ROUTE_UNKNOWN', `there is no ${ctx.path} here`, 'GET / lists the routes.');
    }
    const methods = [...new Set(matched.flatMap((layer) => layer.methods))].sort();
    ctx.set('Allow', methods.join(', '));
    throw new SignalboxError('METHOD_NOT_ALLOWED', `${ctx.path} has no ${ctx.method}`, `Use ${methods.join(' or ')}.`);
  });
  // an answer that breaks off because its reader left
  app.on('error', () => {});
  return app;
}

/** What a request takes, by the route table: the strictest of all routes that match it; undefined where none does. */
function roles(
  router: Router,
  routes: readonly Route[],
): (method: string, path: string, local: boolean) => Role | undefined {
  type Needs = Pick<Route, 'role' | 'localRole'>;
  const known = new Map<string, Needs>(routes.map((each) => [`${each.method} ${each.path}`, each]));
  known.set('GET /openapi.json', { role: 'viewer', localRole: 'viewer' });
  return (method, path, local) => {
    const matched = router.match(path, method).pathAndMethod;
    // what is served and stands in no table is closed
    const needed = matched.map(
      (layer) =>
        known.get(`${method === 'HEAD' ? 'GET' : method} ${String(layer.path)}`)?.[local ? 'localRole' : 'role'] ??
        'admin',
    );
    return needed.reduce<Role | undefined>(
      (most, role) => (most === undefined || ROLES.indexOf(role) > ROLES.indexOf(most) ? role : most),
      undefined,
    );
  };
}

/** Headers of every answer, the name check, and errors in one shape. Inner middleware may throw what it likes. */
export function guard(options: Access & Pick<ApplicationOptions, 'onError'>): Koa.Middleware {
  return async (ctx, next) => {
    ctx.set('X-Content-Type-Options', 'nosniff');
    ctx.set('Cache-Control', 'no-store');
    try {
      checkHost(ctx.get('host'), options);
      await next();
    } catch (error) {
      const body = errorBody(error);
      if (body.status_code === 500) options.onError?.(error, { method: ctx.method, path: ctx.path });
      ctx.status = body.status_code;
      if (body.code === 'BUSY') ctx.set('Retry-After', '1');
      if (error instanceof Throttled) ctx.set('Retry-After', String(error.retryAfter));
      if (body.status_code === 401) ctx.set('WWW-Authenticate', 'Bearer realm="signalbox"');
      ctx.body = body;
    }
  };
}

function serve(route: Route, dependencies: ServiceDependencies, options: ApplicationOptions): Koa.Middleware {
  const params = validation.parameters(route.params);
  const query = validation.parameters(route.query);
  const body = route.body ? validation.body(route.body) : undefined;
  const checkAnswer = options.checkAnswers ? validation.answer(route.response) : undefined;
  return async (ctx) => {
    if (route.method !== 'GET') checkSameOrigin(ctx.headers);
    const input: Input = {
      params: params((ctx as Context & { params: Record<string, string> }).params),
      query: query(ctx.query),
      body: body && body(await readJson(ctx)),
      caller: callerOf(ctx),
    };
    const work = async (): Promise<unknown> => route.handler(input, dependencies);
    const ask = (): Promise<unknown> => (route.cost === 'heavy' ? options.gate.run(work) : work());
    if (route.cache === 'seq') {
      const { type, passing, path } = route;
      const build = async () => ({
        type: `${type}; charset=utf-8`,
        passing,
        route: path,
        text: textOf(await ask(), checkAnswer),
      });
      return send(ctx, await options.keep.answer(ctx.url, build));
    }
    if (route.audited) await options.admittance.audit(auditOf(route, input, ctx));
    const answer = await ask().catch(async (error: unknown) => {
      if (route.audited)
        await options.admittance
          .audit(auditOf(route, input, ctx, error))
          .catch((cause: unknown) => options.onError?.(cause, { method: route.method, path: route.path }));
      throw error;
    });
    const reply = answer instanceof Reply ? answer : new Reply(route.success, answer);
    const text = textOf(reply.body, checkAnswer, route.type);
    // what was changed is seen by the next reader
    if (route.method !== 'GET') options.keep.clear();
    ctx.status = reply.status;
    ctx.set(reply.headers);
    ctx.type = route.type;
    if (route.type === 'text/html') ctx.set('Content-Security-Policy', DOCS_POLICY);
    ctx.body = text;
  };
}

function textOf(answer: unknown, check?: (answer: unknown) => void, type = 'application/json'): string {
  const json = type === 'application/json';
  const text = answer instanceof JsonText ? answer.text : json ? JSON.stringify(answer) : String(answer);
  check?.(answer instanceof JsonText ? JSON.parse(text) : answer);
  if (text.length > MAX_ANSWER) {
    throw new SignalboxError(
      'PARAMETER_INVALID',
      `the answer would be larger than ${MAX_ANSWER / 1024 / 1024} MB`,
      'Ask for a shorter window, or for fewer strategies.',
    );
  }
  return text;
}

const SHOWN = 2_000;

/** What the audit says of a change that is asked for; of one that failed, why. */
function auditOf({ method, path }: Route, { params, body, caller }: Input, ctx: Context, error?: unknown): AuditEntry {
  const text = JSON.stringify(body ?? null);
  const said = text !== 'null' && error === undefined;
  return {
    actor: caller.name,
    role: caller.role,
    address: caller.address,
    action: `${method} ${path}${error === undefined ? '' : ' failed'}`,
    subject: ctx.path.slice(0, 200),
    detail: {
      ...(params as object),
      ...(error === undefined ? {} : { code: errorBody(error).code }),
      ...(said ? (text.length <= SHOWN ? { body } : { body_characters: text.length }) : {}),
    },
  };
}

async function readJson(ctx: Context): Promise<unknown> {
  if (!ctx.is('application/json')) {
    throw new SignalboxError(
      'BODY_NOT_JSON',
      'the body is not application/json',
      'Set Content-Type: application/json.',
    );
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) {
      ctx.set('Connection', 'close');
      throw new SignalboxError('BODY_TOO_LARGE', `the body is larger than ${MAX_BODY} bytes`, 'Send less.');
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SignalboxError('REQUEST_MALFORMED', 'the body is no valid JSON', 'Mend it.');
  }
  // in JSON it can only be written so
  if (text.includes('\\u0000')) validation.refuseNul(value);
  return value;
}
