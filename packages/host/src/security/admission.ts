import type { Context, Middleware } from 'koa';
import type { Access } from './access.js';
import type { Caller } from './caller.js';
import type { Role } from './roles.js';

/** Who sent the request that a context belongs to. */
export const callerOf = (ctx: Context): Caller => (ctx.state as { caller: Caller }).caller;

/**
 * The one place where requests are let in. `roleOf` answers from the route table; what it does not know takes a viewer, so
 * that nobody learns from outside what there is.
 */
export function admission(
  roleOf: (method: string, path: string, local: boolean) => Role | undefined,
  access: Access,
): Middleware {
  return async (ctx, next) => {
    const role = roleOf(ctx.method, ctx.path, access.isLocal(ctx.req)) ?? 'viewer';
    const caller = await access.identify(ctx.req, role === 'public');
    ctx.state['caller'] = caller;
    await access.spend(caller);
    access.admit(caller, role);
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') access.checkChange(caller, ctx.headers);
    await next();
  };
}
