import { iso } from './respond.js';
import { Reply, route } from './route.js';
import { Health, Query } from './schemas.js';

export const health = route({
  path: '/api/health',
  summary: 'Health of the service',
  description: '503 with the same shape when the database does not answer.',
  query: Query({}),
  response: Health,
  role: 'public',
  async handler(_, deps) {
    // a store that is not open yet may throw at the first touch
    const connected = await (async () => deps.reads.ping())().then(
      () => true,
      () => false,
    );
    const now = iso(deps.clock.now());
    return new Reply(connected ? 200 : 503, {
      status: connected ? ('healthy' as const) : ('unhealthy' as const),
      database: connected ? ('connected' as const) : ('disconnected' as const),
      timestamp: now,
      world: deps.world,
      simulated: deps.world === 'simulated',
      clock: { mode: deps.clock.mode, speed: deps.clock.speed, now },
      strategies: deps
        .strategies()
        .map(({ code, state, reason }) => ({ strategy_code: code, state, reason }))
        .sort((a, b) => (a.strategy_code < b.strategy_code ? -1 : 1)),
    });
  },
});
