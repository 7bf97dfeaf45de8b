import { SignalboxError } from '../errors.js';
import { MONEY_DECIMALS, QUANTITY_DECIMALS, round, roundFormula, roundProduct } from './decimal.js';
import type { Instrument } from './instrument.js';
import { Rational } from './rational.js';

/** Equity, P&L, fees and risk are in this currency. */
export const ACCOUNT_CURRENCY = 'USD';

/**
 * Refuses an instrument whose P&L cannot be converted to US dollars, when it is loaded and not at its first trade.
 *
 * @throws SignalboxError `CONFIG_INVALID`
 */
export function checkInstrument(instrument: Instrument): void {
  const { symbol, base, quote, sessionsPerYear, tick } = instrument;
  if (base === quote) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `instrument ${symbol}: base and quote are both ${base}`,
      'Give the instrument two different currencies.',
    );
  }
  if (base !== ACCOUNT_CURRENCY && quote !== ACCOUNT_CURRENCY) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `instrument ${symbol}: neither base (${base}) nor quote (${quote}) is ${ACCOUNT_CURRENCY}, and it names no conversion series`,
      `Use an instrument with ${ACCOUNT_CURRENCY} as base or quote; conversion series are not supported yet.`,
    );
  }
  if (!(sessionsPerYear > 0) || !(tick > 0)) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `instrument ${symbol}: sessionsPerYear (${sessionsPerYear}) and tick (${tick}) must be above 0`,
      'Correct the instrument in the configuration.',
    );
  }
}

function accountIsBase(instrument: Instrument): boolean {
  if (instrument.base === ACCOUNT_CURRENCY) return true;
  if (instrument.quote === ACCOUNT_CURRENCY) return false;
  checkInstrument(instrument);
  return false;
}

/** Base units that `size` (a fraction) of `equity` buys at `price`: size · equity / USD value of one base unit, 6 decimals. */
export function quantityFor(instrument: Instrument, size: number, equity: number, price: number): number {
  if (equity <= 0) return 0;
  if (accountIsBase(instrument)) return roundProduct(size, equity, QUANTITY_DECIMALS);
  const y = (size * equity) / price;
  return roundFormula(y, y, QUANTITY_DECIMALS, () => Rational.of(size).times(equity).over(price));
}

/**
 * Profit in USD, before fees, of a position from `entry` to `exit`: quantity · dir · (exit − entry) in quote currency,
 * ÷ exit where the base is USD. 2 decimals.
 */
export function profit(
  instrument: Instrument,
  side: 'long' | 'short',
  quantity: number,
  entry: number,
  exit: number,
): number {
  const gain = side === 'long' ? exit - entry : entry - exit;
  const exact = (): Rational => {
    const inQuote = Rational.of(quantity).times(
      side === 'long' ? Rational.of(exit).minus(entry) : Rational.of(entry).minus(exit),
    );
    return accountIsBase(instrument) ? inQuote.over(exit) : inQuote;
  };
  return accountIsBase(instrument)
    ? roundFormula((quantity * gain) / exit, (quantity * (entry + exit)) / exit, MONEY_DECIMALS, exact)
    : roundFormula(quantity * gain, quantity * (entry + exit), MONEY_DECIMALS, exact);
}

/** What the position loses at its stop, in USD before fees, as a positive number: for USD/COP quantity · |entry − stop| / stop. */
export function riskAt(instrument: Instrument, quantity: number, entry: number, stop: number): number {
  return Math.abs(profit(instrument, 'long', quantity, entry, stop)) + 0;
}

/** Fee in USD of a fill: `bps` basis points of its USD notional, 2 decimals. */
export function feeUsd(instrument: Instrument, quantity: number, price: number, bps: number): number {
  if (accountIsBase(instrument)) return basisPoints(quantity, bps);
  const y = (quantity * price * bps) / 10_000;
  return roundFormula(y, y, MONEY_DECIMALS, () => Rational.of(quantity).times(price).times(bps).over(10_000));
}

/** `bps` basis points of a USD amount, 2 decimals, half to even: 25.5 of 2,500 is 6.38, of 300 it is .76. */
export function basisPoints(amount: number, bps: number): number {
  const y = (amount * bps) / 10_000;
  return roundFormula(y, Math.abs(y), MONEY_DECIMALS, () => Rational.of(amount).times(bps).over(10_000));
}

/** a + b of money, without the dust of float sums. */
export function addMoney(a: number, b: number): number {
  return round(a + b, MONEY_DECIMALS);
}
