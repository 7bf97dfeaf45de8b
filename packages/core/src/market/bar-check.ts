import { SignalboxError } from '../errors.js';
import type { Bar } from './bar.js';

/**
 * Refuses what is no bar: prices that are not above 0, prices above the high or below the low, times that are none.
 * @throws SignalboxError BAR_INVALID naming symbol, time and field
 */
export function checkBar(bar: Bar, symbol: string): void {
  const { time, open, high, low, close, volume } = bar;
  if (
    Number.isSafeInteger(time) &&
    Math.abs(time) <= LAST_TIME &&
    low > 0 &&
    high < Infinity &&
    open >= low &&
    open <= high &&
    close >= low &&
    close <= high &&
    volume >= 0 &&
    volume < Infinity &&
    typeof open === 'number' &&
    typeof high === 'number' &&
    typeof low === 'number' &&
    typeof close === 'number' &&
    typeof volume === 'number'
  )
    return;
  throw barInvalid(bar, symbol, faultOf(bar));
}

/** The largest time of a Date. */
const LAST_TIME = 8.64e15;

function faultOf({ time, ...rest }: Bar): string {
  if (!Number.isSafeInteger(time) || Math.abs(time) > LAST_TIME)
    return `time is ${String(time)}, no whole number of milliseconds`;
  for (const name of ['open', 'high', 'low', 'close'] as const)
    if (!Number.isFinite(rest[name]) || !(rest[name] > 0)) return `${name} is ${String(rest[name])}, no number above 0`;
  if (!Number.isFinite(rest.volume) || !(rest.volume >= 0))
    return `volume is ${String(rest.volume)}, no number from 0 on (0 where it is unknown)`;
  const { open, high, low, close } = rest;
  return `open ${open}, high ${high}, low ${low}, close ${close}: high is the highest and low the lowest of a bar`;
}

export function barInvalid({ time }: Bar, symbol: string, fault: string): SignalboxError {
  const when = Number.isSafeInteger(time) && Math.abs(time) <= LAST_TIME ? new Date(time).toISOString() : String(time);
  return new SignalboxError('BAR_INVALID', `bar ${when} of ${symbol}: ${fault}`, 'Correct the bar, or leave it out.');
}
