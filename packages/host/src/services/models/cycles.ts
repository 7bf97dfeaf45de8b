import { Type } from '@sinclair/typebox';
import { instrumentOf, iso, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { SymbolName, Timestamp } from '../schemas.js';
import { CycleResult } from './schemas.js';
import { signalBody } from './signals-latest.js';

export const runCycle = route({
  method: 'POST',
  path: '/api/cycles',
  summary: 'Have the cycle of one bar done',
  description:
    '`bar_time` is the open time of the bar. 409 before the bar is complete, or when it is and nobody has delivered it; 422 ' +
    'for a time at which no bar opens. Idempotent: `already_done` when the bar was decided upon before, or when a later one ' +
    'was (nothing is decided upon twice). Any host answers; the one that leads the symbol does it.',
  body: Type.Object(
    { symbol: Type.Optional(SymbolName), bar_time: Timestamp },
    { title: 'CycleRequest', additionalProperties: false },
  ),
  response: CycleResult,
  role: 'trader',
  errors: [400, 403, 404, 409, 413, 415],
  async handler({ body }, deps) {
    const { symbol } = instrumentOf(body.symbol, deps);
    const barTime = Date.parse(body.bar_time);
    const status = await deps.cycles.trigger(symbol, barTime);
    const scope = await scopeOf('live', deps);
    const rows = await deps.reads.cycleSignals(symbol, barTime);
    return {
      symbol,
      bar_time: iso(barTime),
      status,
      signals: rows.map((row) => ({
        strategy_code: row.code,
        strategy_name: row.name,
        ...signalBody(row, scope),
      })),
    };
  },
});
