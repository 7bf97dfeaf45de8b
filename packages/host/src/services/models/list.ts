import { Type, type Static } from '@sinclair/typebox';
import type { StrategyRow } from '../../stores/postgres/reads/strategies.js';
import type { ServiceDependencies, StrategyStatus } from '../dependencies.js';
import { chosen, iso, isoOrNull, originOf, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Code, Query, RunId } from '../schemas.js';
import { Model, Models, StrategySignals, StrategyTrades } from './schemas.js';
import { signalBody } from './signals-latest.js';

export const models = route({
  path: '/api/models',
  summary: 'Strategies, their state and the reason for it',
  description:
    'Every row of `dw.dim_strategy`, ordered by code, with the state of its package, the model that is live, and the last ' +
    'bar on which it gave no opinion.',
  query: Query({}),
  response: Models,
  async handler(_, deps) {
    return { models: await modelsOf(await deps.reads.strategies(), deps) };
  },
});

const CodeParam = Type.Object({ code: Code }, { additionalProperties: false });

export const model = route({
  path: '/api/models/:code',
  summary: 'One strategy: its state, its reason, its model',
  description: 'Its entry of `/api/models`.',
  params: CodeParam,
  query: Query({}),
  response: Model,
  errors: [404],
  async handler({ params }, deps) {
    const [body] = await modelsOf(chosen(await deps.reads.strategies(), params.code), deps);
    return body!;
  },
});

async function modelsOf(rows: readonly StrategyRow[], deps: ServiceDependencies): Promise<Static<typeof Model>[]> {
  const silences = await deps.reads.lastNoSignals('live');
  const statuses = new Map<string, StrategyStatus>(deps.strategies().map((status) => [status.code, status]));
  return rows.map((row) => {
    const status = statuses.get(row.code);
    const origin = originOf(row);
    const silence = silences.find((each) => each.code === row.code);
    return {
      strategy_code: row.code,
      strategy_name: row.name,
      strategy_type: row.type,
      origin,
      package: status?.package ?? row.package,
      version: status?.version ?? null,
      state: status?.state ?? (!row.isActive ? 'inactive' : origin === 'external' ? 'external' : 'not_installed'),
      reason: status?.reason ?? null,
      champion: status?.champion
        ? {
            version: status.champion.version,
            sha256: status.champion.sha256,
            trained_on: status.champion.trainedOn,
          }
        : null,
      is_active: row.isActive,
      last_no_signal: silence
        ? {
            code: silence.reason,
            detail: silence.detail,
            bar_time: iso(silence.barTime),
            timestamp: iso(silence.timestamp),
          }
        : null,
    };
  });
}

const Page = {
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  before: Type.Optional(Type.String({ format: 'date-time', description: 'Only what is older than this market time' })),
  run: RunId,
};

export const strategySignals = route({
  path: '/api/models/:code/signals',
  summary: 'Signals of one strategy',
  description: 'Newest first; `before` pages by the timestamp of the signal.',
  params: CodeParam,
  query: Query(Page),
  response: StrategySignals,
  errors: [404],
  cache: 'seq',
  passing: ['age_seconds'],
  async handler({ params, query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const [strategy] = chosen(await deps.reads.strategies(), params.code);
    const before = query.before === undefined ? null : Date.parse(query.before);
    const rows = await deps.reads.signals(scope.run.id, strategy!.id, before, query.limit);
    return { strategy_code: strategy!.code, signals: rows.map((row) => signalBody(row, scope)) };
  },
});

export const strategyTrades = route({
  path: '/api/models/:code/trades',
  summary: 'Positions of one strategy, open and closed',
  description: 'Newest first; `before` pages by the time of entry. `realized_pnl` is before fees.',
  params: CodeParam,
  query: Query(Page),
  response: StrategyTrades,
  cache: 'seq',
  errors: [404],
  async handler({ params, query }, deps) {
    const scope = await scopeOf(query.run, deps);
    const [strategy] = chosen(await deps.reads.strategies(), params.code);
    const before = query.before === undefined ? null : Date.parse(query.before);
    const rows = await deps.reads.trades(scope.run.id, strategy!.id, before, query.limit);
    return {
      strategy_code: strategy!.code,
      trades: rows.map((row) => ({
        position_id: row.positionId,
        side: row.side,
        quantity: row.quantity,
        entry_time: iso(row.entryTime),
        entry_price: row.entryPrice,
        exit_time: isoOrNull(row.exitTime),
        exit_price: row.exitPrice,
        realized_pnl: row.realizedPnl,
        fees: row.fees,
        close_reason: row.closeReason,
        status: row.status,
        symbol: row.symbol,
      })),
    };
  },
});
