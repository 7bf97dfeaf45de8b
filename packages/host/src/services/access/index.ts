import { SignalboxError } from '@signalbox/core';
import type { Access } from '../../security/access.js';
import type { Caller } from '../../security/caller.js';
import type { ServiceDependencies } from '../dependencies.js';
import { iso } from '../respond.js';
import { Reply, route, type Route } from '../route.js';
import { Query } from '../schemas.js';
import { Empty, Login, SessionState, Ticket } from './schemas.js';

function stateOf({ kind, name, role }: Caller) {
  return {
    authentication: kind === 'open' ? ('none' as const) : ('required' as const),
    role,
    caller: kind === 'key' || kind === 'session' ? { kind, name, role } : null,
  };
}

/** @throws AUTH_NOT_CONFIGURED */
function closed({ access }: ServiceDependencies): Access {
  if (access && !access.open) return access;
  throw new SignalboxError(
    'AUTH_NOT_CONFIGURED',
    'nobody has to log in here',
    'Set "authentication": "required" in signalbox.config.json to change that.',
  );
}

/** Who the caller is, login and logout, and tickets for WebSockets: on every service. */
export const ACCESS_ROUTES: readonly Route[] = Object.freeze([
  route({
    path: '/api/session',
    summary: 'Who asks, and what he may do',
    description: 'Whether this host wants to know who asks, and whom it takes the caller for.',
    query: Query({}),
    response: SessionState,
    role: 'public',
    handler({ caller }) {
      if (caller.kind === 'unknown')
        throw new SignalboxError('STORE_DOWN', 'the database does not answer', 'It is tried again.');
      return stateOf(caller);
    },
  }),
  route({
    method: 'POST',
    path: '/api/login',
    summary: 'Log in, for the page',
    description:
      'Sets a cookie that scripts cannot read and other sites cannot send; it lasts 12 hours, or 2 without a request. ' +
      'Five wrong passwords for one account from one address within 15 minutes close it there for the rest of them. ' +
      'Programs send a key instead: `Authorization: Bearer KEY`, or `X-API-Key: KEY`.',
    body: Login,
    response: SessionState,
    role: 'public',
    audited: false,
    errors: [400, 401, 403, 409, 413, 415],
    async handler({ body, caller }, deps) {
      const { caller: user, cookie } = await closed(deps).login(body.email, body.password, caller.address);
      return new Reply(200, stateOf(user), { 'Set-Cookie': cookie });
    },
  }),
  route({
    method: 'POST',
    path: '/api/logout',
    summary: 'End the login',
    description: 'Ends the session and takes its cookie away. A key is not affected.',
    body: Empty,
    response: SessionState,
    role: 'viewer',
    audited: false,
    errors: [400, 409, 413, 415],
    async handler({ caller }, deps) {
      const cookie = await closed(deps).logout(caller);
      return new Reply(
        200,
        { authentication: 'required' as const, role: 'public' as const, caller: null },
        { 'Set-Cookie': cookie },
      );
    },
  }),
  route({
    method: 'POST',
    path: '/api/ws-ticket',
    summary: 'A ticket for one WebSocket',
    description: 'For browsers, which cannot send a key with a WebSocket. Good for one connection within 30 seconds.',
    body: Empty,
    response: Ticket,
    role: 'viewer',
    audited: false,
    errors: [400, 409, 413, 415],
    handler({ caller }, deps) {
      const { ticket, expires } = closed(deps).ticket(caller);
      return { ticket, expires_at: iso(expires) };
    },
  }),
]);
