import type { Bar } from '../market/bar.js';
import { FRACTION_DECIMALS, PRICE_DECIMALS, round } from '../market/decimal.js';
import type { Instrument } from '../market/instrument.js';
import { quantityFor, riskAt } from '../market/money.js';
import type { Slot } from '../market/slot.js';
import type { Given, NoOpinionCode, Opinion } from '../strategies/opinion.js';
import { opinionFault } from '../strategies/opinion-check.js';
import type { Seat } from '../strategies/seat.js';
import { breakevenHitRate, distances } from './distances.js';
import type { NoSignal, NotTraded, Signal } from './signal.js';
import { sizeOf } from './sizing.js';

/** Where and when an opinion was given. `book` is the strategy's own after the bar's fills and mark. */
export interface SignalContext {
  readonly seat: Pick<Seat, 'code' | 'confidenceFloor' | 'external'>;
  readonly bar: Bar;
  readonly slot: Slot;
  readonly instrument: Instrument;
  readonly market: { readonly atr14: number; readonly costBps: number; readonly suspect: boolean };
  /** The bar completed more than one bar before it is decided upon. */
  readonly tooOld?: boolean;
  readonly book: { readonly equity: number; readonly position: { readonly side: 'long' | 'short' } | null };
  readonly slotMs: number;
}

/** What a price column of 12 digits, 6 of them decimals, no longer holds. */
const PRICE_LIMIT = 1_000_000;

type Direction = Extract<Opinion, { signal: 'long' | 'short' }>;

/** Turns an opinion into the stored signal: confidence, distances, size, prices and risk; or says why there is none. */
export function toSignal(opinion: Opinion, context: SignalContext): Signal | NoSignal {
  const fault = opinionFault(opinion);
  if (fault !== null) return noSignal(context, 'unavailable', `malformed opinion: ${fault}`);
  if (opinion.signal === 'none') return noSignal(context, opinion.code, opinion.reasoning);

  const confidence = opinion.confidence === undefined ? null : round(opinion.confidence, FRACTION_DECIMALS);
  if (opinion.signal !== 'long' && opinion.signal !== 'short') {
    return unpriced(context, opinion.signal, confidence, opinion.reasoning);
  }
  const confidenceFloor = floorOf(opinion, context.seat);
  if (confidence! < confidenceFloor && !context.seat.external) {
    const why = `${opinion.reasoning} (${opinion.signal} with a confidence of ${confidence}, below ${confidenceFloor}: flat)`;
    return unpriced(context, 'flat', confidence, why);
  }
  return priced(context, opinion, confidence!);
}

/** An opinion's own floor goes before that of its strategy's type. */
function floorOf(opinion: Direction, seat: SignalContext['seat']): number {
  return opinion.confidenceFloor ?? seat.confidenceFloor;
}

function priced(context: SignalContext, opinion: Direction, confidence: number): Signal | NoSignal {
  const { seat, bar, slot, instrument, market, book } = context;
  const { close } = bar;
  const { atr14, costBps } = market;
  const up = opinion.signal === 'long' ? 1 : -1;
  const given = (seat.external && opinion.given) || NOTHING_GIVEN;
  const contradiction = contradictionOf(given, close, up);
  if (contradiction !== null) return refused(context, opinion, confidence, given, contradiction);
  const fixed = given.stopLoss !== undefined && given.takeProfit !== undefined;
  if (Number.isNaN(atr14) && !fixed)
    return noSignal(context, 'missing_feature', 'missing: ATR14, which sets stop and target');

  const levels = distances(atr14, close, costBps, { ...opinion, ...distancesOf(given, close) });
  const stopLoss = round(close - up * levels.stop, PRICE_DECIMALS);
  const takeProfit = round(close + up * levels.target, PRICE_DECIMALS);
  const fits = (price: number): boolean => price > 0 && price < PRICE_LIMIT;
  if (!(levels.stop > 0 && levels.target > 0 && fits(stopLoss) && fits(takeProfit))) {
    const where = `a stop at ${stopLoss} and a target at ${takeProfit} around ${close}`;
    const rule = `distances must be at least 0.000001 and prices between 0 and ${PRICE_LIMIT}`;
    return noSignal(context, 'unavailable', `${where}: ${rule}`);
  }

  const breakeven = breakevenHitRate(levels, close, costBps);
  const confidenceFloor = floorOf(opinion, seat);
  const size =
    given.size !== undefined
      ? round(given.size, FRACTION_DECIMALS)
      : confidence < confidenceFloor
        ? 0
        : sizeOf({ confidence, confidenceFloor, stop: levels.stop, close, costBps, cap: opinion.size });
  const quantity = quantityFor(instrument, size, book.equity, close);
  let notTraded: NotTraded | null = null;
  if (slot.last) notTraded = 'last_bar';
  else if (breakeven >= 1) notTraded = 'cost_exceeds_target';
  else if (quantity === 0) notTraded = 'no_size';
  else if (market.suspect) notTraded = 'suspect_price';
  else if (context.tooOld) notTraded = 'too_old';
  return {
    kind: 'signal',
    strategy: seat.code,
    barTime: bar.time,
    timestamp: bar.time + context.slotMs,
    signal: opinion.signal,
    side: up === 1 ? 'buy' : 'sell',
    confidence,
    score: round(opinion.score ?? up * confidence, FRACTION_DECIMALS),
    size,
    quantity,
    entryPrice: close,
    stopLoss,
    takeProfit,
    riskUsd: riskAt(instrument, quantity, close, stopLoss),
    roundTripCostBps: costBps,
    breakevenHitRate: breakeven,
    reasoning: opinion.reasoning,
    notTraded,
  };
}

const NOTHING_GIVEN: Given = /* @__PURE__ */ Object.freeze({});

function contradictionOf(given: Given, close: number, up: 1 | -1): NotTraded | null {
  if (given.side !== undefined && given.side !== (up === 1 ? 'buy' : 'sell')) return 'wrong_side';
  if (given.stopLoss !== undefined && up * (close - given.stopLoss) <= 0) return 'stop_wrong_side';
  if (given.takeProfit !== undefined && up * (given.takeProfit - close) <= 0) return 'target_wrong_side';
  return null;
}

/** Of prices on their proper sides. */
function distancesOf(given: Given, close: number): { stopDistance?: number; targetDistance?: number } {
  const { stopLoss, takeProfit } = given;
  return {
    ...(stopLoss === undefined ? {} : { stopDistance: Math.abs(close - stopLoss) }),
    ...(takeProfit === undefined ? {} : { targetDistance: Math.abs(takeProfit - close) }),
  };
}

/** A signal that contradicts itself: stored as it was given, with nothing computed. */
function refused(
  context: SignalContext,
  opinion: Direction,
  confidence: number,
  given: Given,
  reason: NotTraded,
): Signal {
  const up = opinion.signal === 'long' ? 1 : -1;
  return {
    ...unpriced(context, 'flat', confidence, opinion.reasoning),
    signal: opinion.signal,
    side: up === 1 ? 'buy' : 'sell',
    score: round(opinion.score ?? up * confidence, FRACTION_DECIMALS),
    size: given.size ?? null,
    stopLoss: given.stopLoss ?? null,
    takeProfit: given.takeProfit ?? null,
    notTraded: reason,
  };
}

function unpriced(
  context: SignalContext,
  signal: 'flat' | 'close',
  confidence: number | null,
  reasoning: string,
): Signal {
  const held = signal === 'close' ? context.book.position?.side : undefined;
  return {
    kind: 'signal',
    strategy: context.seat.code,
    barTime: context.bar.time,
    timestamp: context.bar.time + context.slotMs,
    signal,
    side: held === undefined ? 'hold' : held === 'long' ? 'sell' : 'buy',
    confidence,
    score: null,
    size: null,
    quantity: null,
    entryPrice: context.bar.close,
    stopLoss: null,
    takeProfit: null,
    riskUsd: null,
    roundTripCostBps: null,
    breakevenHitRate: null,
    reasoning,
    notTraded: null,
  };
}

function noSignal(context: SignalContext, code: NoOpinionCode, detail: string): NoSignal {
  const { seat, bar, slotMs } = context;
  return { kind: 'none', strategy: seat.code, barTime: bar.time, timestamp: bar.time + slotMs, code, detail };
}
