import { Type } from '@sinclair/typebox';
import { docsPage } from './docs.js';
import { openApi } from './openapi.js';
import { iso } from './respond.js';
import { Reply, route, type Route } from './route.js';
import { Query, Ready } from './schemas.js';

/** What every service has for those who run it, beside root and health. `routes` are those that its page describes. */
export function operations(title: string, routes: () => readonly Route[]): Route[] {
  let page: string | undefined;
  return [
    route({
      path: '/ready',
      summary: 'Whether the service can serve',
      description: '503 with the same shape while the database does not answer.',
      query: Query({}),
      response: Ready,
      role: 'public',
      async handler(_, deps) {
        const connected = await (async () => deps.reads.ping())().then(
          () => true,
          () => false,
        );
        return new Reply(connected ? 200 : 503, {
          status: connected ? ('ready' as const) : ('not_ready' as const),
          database: connected ? ('connected' as const) : ('disconnected' as const),
          timestamp: iso(deps.clock.now()),
        });
      },
    }),
    route({
      path: '/metrics',
      summary: 'Figures of the host for Prometheus',
      description:
        'Request durations by service and route, relay lag, WebSocket clients, bars, process. Over loopback it needs no key.',
      query: Query({}),
      response: Type.String(),
      type: 'text/plain',
      // a scraper on this machine has no key
      localRole: 'public',
      handler: (_, deps) => deps.metrics?.text() ?? '',
    }),
    route({
      path: '/docs',
      summary: 'This API for people',
      description: 'Every route with its parameters, an example, and the definition of each figure.',
      query: Query({}),
      response: Type.String(),
      type: 'text/html',
      handler: (_, { version }) => (page ??= docsPage(openApi(title, version, routes()))),
    }),
  ];
}
