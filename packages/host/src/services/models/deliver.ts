import { Type } from '@sinclair/typebox';
import { round, SignalboxError } from '@signalbox/core';
import { chosen, instrumentOf, iso, scopeOf } from '../respond.js';
import { route } from '../route.js';
import { Choice, Code, Fraction, Nullable, Shape, SIGNALS, SymbolName, Timestamp } from '../schemas.js';
import { signalFields } from './schemas.js';
import { signalBody } from './signals-latest.js';

const PRICE_DECIMALS = 6;
const FRACTION_DECIMALS = 4;
const Level = Type.Optional(Nullable(Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1_000_000 })));

export const deliverSignal = route({
  method: 'POST',
  path: '/api/models/:code/signals',
  summary: 'Deliver a signal of a strategy that runs elsewhere',
  description:
    'For a row of `dw.dim_strategy` without package. `bar_time` is the open time of the bar that it rests on. It goes through ' +
    'the same book as the others: size and levels that are given stand, those left out follow our rules. A stop or target on ' +
    'the wrong side is stored and not traded; so is a signal that comes when the next bar is complete (`too_old`). One ' +
    'signal a bar: 409 for a second one, for a bar that is not complete, and for a strategy that a package serves.',
  params: Type.Object({ code: Code }, { additionalProperties: false }),
  body: Type.Object(
    {
      symbol: SymbolName,
      bar_time: Timestamp,
      signal: Choice(SIGNALS),
      confidence: Nullable(Fraction),
      size: Type.Optional(Nullable(Fraction)),
      stop_loss: Level,
      take_profit: Level,
      reasoning: Type.String({ maxLength: 10_000, pattern: '^[^\\u0000]*$' }),
    },
    { title: 'SignalDelivery', additionalProperties: false },
  ),
  response: Shape('DeliveredSignal', { strategy_code: Type.String(), strategy_name: Type.String(), ...signalFields }),
  role: 'trader',
  success: 201,
  errors: [400, 403, 404, 409, 413, 415],
  async handler({ params, body }, deps) {
    const { calendar, clock } = deps;
    const [strategy] = chosen(await deps.reads.strategies(), params.code);
    if (strategy!.package !== null)
      throw new SignalboxError(
        'STRATEGY_HAS_PACKAGE',
        `${strategy!.code} is served by ${strategy!.package}: nobody else speaks for it`,
        'Give your strategy a row of its own in dw.dim_strategy, without package.',
      );
    if (!strategy!.isActive)
      throw new SignalboxError(
        'STRATEGY_INACTIVE',
        `${strategy!.code} is switched off`,
        'Set is_active in dw.dim_strategy.',
      );
    const { symbol } = instrumentOf(body.symbol, deps);
    const barTime = Date.parse(body.bar_time);
    const slot = calendar.slot(barTime);
    if (!slot || (barTime - calendar.sessionOpen(slot.session)!) % calendar.slotMs !== 0)
      throw invalid(`bar_time: no bar of ${symbol} opens at ${body.bar_time}`);
    if (clock.now() < barTime + calendar.slotMs)
      throw new SignalboxError(
        'BAR_NOT_COMPLETE',
        `the bar of ${iso(barTime)} is not complete`,
        `Deliver it at ${iso(barTime + calendar.slotMs)} or later.`,
      );
    const directed = body.signal === 'long' || body.signal === 'short';
    if (directed && body.confidence === null) throw invalid(`confidence: ${body.signal} needs one`);
    const { size = null, stop_loss: stop = null, take_profit: target = null } = body;
    if (!directed && (size !== null || stop !== null || target !== null))
      throw invalid(`size, stop_loss and take_profit belong to long and short, not to ${body.signal}`);
    const scaled = (value: number | null, decimals: number) => (value === null ? null : round(value, decimals));
    const prices = { stopLoss: scaled(stop, PRICE_DECIMALS), takeProfit: scaled(target, PRICE_DECIMALS) };
    for (const [name, price] of Object.entries(prices))
      if (price !== null && !(price > 0 && price < 1_000_000)) throw invalid(`${name} has no 6 decimals: ${price}`);
    const id = await deps.desk.deliver({
      strategyId: strategy!.id,
      symbol,
      barTime,
      timestamp: barTime + calendar.slotMs,
      signal: body.signal,
      confidence: scaled(body.confidence, FRACTION_DECIMALS),
      size: scaled(size, FRACTION_DECIMALS),
      ...prices,
      reasoning: body.reasoning,
    });
    const row = (await deps.reads.signalById(id))!;
    const scope = await scopeOf('live', deps);
    return { strategy_code: row.code, strategy_name: row.name, ...signalBody(row, scope) };
  },
});

function invalid(message: string): SignalboxError {
  return new SignalboxError('PARAMETER_INVALID', message, 'Correct it; /docs describes the body.');
}
