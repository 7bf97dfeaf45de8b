import { Type } from '@sinclair/typebox';
import { chosen, iso, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Choice, Code, Nullable, Query, RunId, Shape, Timestamp } from '../schemas.js';

export const Alerts = Shape('Alerts', {
  alerts: Type.Array(
    Shape('Alert', {
      alert_id: Type.Integer(),
      severity: Choice(['info', 'warning', 'critical']),
      code: Type.String(),
      message: Type.String(),
      strategy_code: Nullable(Type.String()),
      symbol: Nullable(Type.String()),
      timestamp: Timestamp,
      simulated: Type.Boolean(),
    }),
  ),
});

export const alerts = route({
  path: '/api/alerts',
  summary: 'Alerts',
  description:
    'Newest first: breaches of risk limits (one alert each), resets, missed bars, suspended plugins. `before` pages by time. ' +
    'The same come as events of type `alert`.',
  query: Query({
    strategy: Type.Optional(Code),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 50 }),
    before: Type.Optional(
      Type.String({ format: 'date-time', description: 'Only what is older than this market time' }),
    ),
    run: RunId,
  }),
  response: Alerts,
  errors: [404],
  cache: 'seq',
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const [strategy] = query.strategy === undefined ? [] : chosen(await deps.reads.strategies(), query.strategy);
    const before = query.before === undefined ? null : Date.parse(query.before);
    const rows = await deps.reads.alerts(scope.run.id, strategy?.id ?? null, before, query.limit);
    return {
      alerts: rows.map((row) => ({
        alert_id: row.alertId,
        severity: row.severity,
        code: row.code,
        message: row.message,
        strategy_code: row.strategy,
        symbol: row.symbol,
        timestamp: iso(row.timestamp),
        simulated: row.simulated,
      })),
    };
  },
});
