import { epoch } from '../format/time.js';
import type { LatestSignal, Model, NoSignal, Position } from './types.js';

/** What a card shows of one strategy. */
export type Card =
  /** Its package does not serve: why, and nothing else. */
  | { readonly kind: 'absent'; readonly model: Model; readonly position: Position | null }
  /** It serves and has not spoken yet. */
  | { readonly kind: 'waiting'; readonly model: Model; readonly position: Position | null }
  /** On the newest bar it had no opinion; `last` is what it said before. */
  | {
      readonly kind: 'silent';
      readonly model: Model;
      readonly silence: NoSignal;
      readonly last: LatestSignal | null;
      readonly position: Position | null;
    }
  | {
      readonly kind: 'signal';
      readonly model: Model;
      readonly signal: LatestSignal;
      readonly position: Position | null;
    };

const SERVING = new Set(['READY', 'RUNNING', 'DEGRADED', 'external', 'loading']);

export const serves = (model: Model): boolean => SERVING.has(model.state);

export function cardOf(model: Model, signal: LatestSignal | null, position: Position | null): Card {
  const silence = model.last_no_signal;
  const spoke = epoch(signal?.bar_time) ?? -Infinity;
  const fellSilent = epoch(silence?.bar_time) ?? -Infinity;
  if (!serves(model)) return { kind: 'absent', model, position };
  if (silence && fellSilent > spoke) return { kind: 'silent', model, silence, last: signal, position };
  if (signal) return { kind: 'signal', model, signal, position };
  // it has a seat and a reason not to speak
  return { kind: model.reason === null ? 'waiting' : 'absent', model, position };
}

/** Cards that say something first, those that cannot speak last; by code within. */
export function cards(
  models: readonly Model[],
  signals: readonly LatestSignal[],
  positions: readonly Position[],
): readonly Card[] {
  return models
    .filter((model) => model.is_active || model.state !== 'inactive')
    .map((model) =>
      cardOf(
        model,
        signals.find((signal) => signal.strategy_code === model.strategy_code) ?? null,
        positions.find((position) => position.strategy_code === model.strategy_code) ?? null,
      ),
    )
    .sort(
      (a, b) =>
        Number(a.kind === 'absent') - Number(b.kind === 'absent') ||
        (a.model.strategy_code < b.model.strategy_code ? -1 : 1),
    );
}

/** What became of a signal in the paper book, in a word. */
export type TradeState = 'not_traded' | 'in_position' | 'next_open' | 'none';

/** @param newestBar open of the newest bar, epoch ms: an order of that bar's signal fills at the next open. */
export function tradeState(signal: LatestSignal, position: Position | null, newestBar: number | null): TradeState {
  if (signal.not_traded !== null) return 'not_traded';
  const directed = signal.signal === 'long' || signal.signal === 'short';
  if (directed && position?.side === signal.signal) return 'in_position';
  if (signal.signal === 'close' && !position) return 'none';
  if (signal.signal === 'flat') return 'none';
  return epoch(signal.bar_time) === newestBar ? 'next_open' : 'none';
}
