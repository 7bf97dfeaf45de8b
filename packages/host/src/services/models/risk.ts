import { Type, type Static } from '@sinclair/typebox';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies } from '../dependencies.js';
import { accountOf, chosen, originOf, scopeOf, type Scope } from '../respond.js';
import { route } from '../route.js';
import { Choice, Code, Nullable, Percent, Query, RunId, Shape, STRATEGY_STATES, Timestamp, Usd } from '../schemas.js';
import { RISK_LIMITS, RISK_REASONS, standing } from './standing.js';

export const StrategyRisk = Shape('StrategyRisk', {
  strategy_code: Type.String(),
  state: Choice(STRATEGY_STATES, { description: 'As in /api/models: where its package stands' }),
  halted: Type.Boolean({ description: 'Entries are refused now; exits never are' }),
  reasons: Type.Array(Choice(RISK_REASONS), { description: 'Why, by the same codes as `not_traded`' }),
  drawdown_pct: Type.Number({
    description: 'Below the highest mark since the start or the last reset; positive percent',
  }),
  session_loss_pct: Type.Number({ description: 'Below the last mark before the session; 0 when not below; percent' }),
  entries_this_session: Type.Integer({ description: 'Entry fills' }),
  losses_in_a_row: Type.Integer({ description: 'By P&L after fees, since the last win or pause' }),
  pause_until: Nullable(Timestamp),
  limits: Shape('RiskLimits', {
    max_drawdown_pct: Percent,
    max_session_loss_pct: Percent,
    max_entries_per_session: Type.Integer(),
    losses_before_pause: Type.Integer(),
    pause_minutes: Type.Number(),
  }),
  equity: Usd,
  peak: Usd,
  origin: Choice(['plugin', 'external']),
});

export const riskStatus = route({
  path: '/api/risk/status',
  summary: 'Where each strategy stands against its limits',
  description:
    'As of the last committed bar. `drawdown` holds until an admin resets it; `session_loss` and `max_trades` to the end of ' +
    'the session, `pause` until `pause_until`.',
  query: Query({ run: RunId }),
  response: Shape('RiskStatus', { strategies: Type.Array(StrategyRisk) }),
  errors: [404],
  cache: 'seq',
  async handler({ query }, deps) {
    const scope = await scopeOf(query.run, deps);
    return { strategies: await riskOf(await deps.reads.strategiesOf(scope.run), scope, deps) };
  },
});

export const resetRisk = route({
  method: 'POST',
  path: '/api/risk/:code/reset',
  summary: 'Lift the drawdown halt of a strategy',
  description:
    'The peak that drawdown is measured from restarts at the last mark; the other limits stay. Who, when and why is kept in ' +
    '`dw.risk_resets`. `pending`: no desk holds the book at the moment, the next one does it.',
  params: Type.Object({ code: Code }, { additionalProperties: false }),
  body: Type.Object(
    { reason: Type.String({ minLength: 1, maxLength: 1000, pattern: '^(?=[^\\u0000]*\\S)[^\\u0000]*$' }) },
    { title: 'RiskReset', additionalProperties: false },
  ),
  response: Shape('RiskResetResult', { ...StrategyRisk.properties, status: Choice(['done', 'pending']) }),
  role: 'admin',
  errors: [400, 403, 404, 413, 415],
  async handler({ params, body, caller }, deps) {
    const scope = await scopeOf('live', deps);
    const strategies = chosen(await deps.reads.strategies(), params.code);
    const { strategyId, symbol } = accountOf(scope, strategies[0]!, deps);
    const done = await deps.desk.resetRisk({
      strategyId,
      symbol,
      reason: body.reason,
      actor: caller.kind === 'open' ? 'api' : caller.name,
    });
    const [risk] = await riskOf(strategies, scope, deps);
    return { ...risk!, status: done ? ('done' as const) : ('pending' as const) };
  },
});

async function riskOf(
  rows: readonly StrategyRow[],
  scope: Scope,
  deps: ServiceDependencies,
): Promise<Static<typeof StrategyRisk>[]> {
  const ids = rows.map(({ id }) => id);
  const books = await deps.reads.riskBooks(scope.run.id, ids, deps.instruments[0].symbol);
  const statuses = new Map(deps.strategies().map((status) => [status.code, status.state]));
  return rows.map((row) => {
    const book = books.get(row.id);
    const origin = originOf(row);
    return {
      strategy_code: row.code,
      state: statuses.get(row.code) ?? (!row.isActive ? 'inactive' : origin === 'external' ? origin : 'not_installed'),
      ...standing(book, scope.end, deps.calendar),
      limits: RISK_LIMITS,
      equity: book?.equity ?? row.initialEquity,
      peak: book?.peak ?? row.initialEquity,
      origin,
    };
  });
}
