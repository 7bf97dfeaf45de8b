// Exact decimals as whole numbers: prices and quantities in millionths, sizes in ten-thousandths, money in cents.

/** `text` of a NUMERIC column as a whole number of 10^-decimals; null stays null. Throws where digits would be lost. */
export function units(text, decimals) {
  if (text === null || text === undefined) return null;
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text));
  if (!found) throw new TypeError(`${text} is no decimal number`);
  const [, sign, whole, fraction = ''] = found;
  if (/[1-9]/.test(fraction.slice(decimals))) throw new RangeError(`${text} has more than ${decimals} decimals`);
  const value = BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'));
  return sign ? -value : value;
}

export const price = (text) => units(text, 6);
export const quantity = (text) => units(text, 6);
export const size = (text) => units(text, 4);
export const money = (text) => units(text, 2);

/** numerator / denominator as a whole number, half to even. */
export function ratio(numerator, denominator) {
  if (denominator < 0n) return ratio(-numerator, -denominator);
  const negative = numerator < 0n;
  const n = negative ? -numerator : numerator;
  let whole = n / denominator;
  const twice = 2n * (n % denominator);
  if (twice > denominator || (twice === denominator && whole % 2n === 1n)) whole += 1n;
  return negative ? -whole : whole;
}

const MILLION = 1_000_000n;

/** Cents of profit before fees: quantity · dir · (exit − entry) in pesos, divided by the exit: dollars are the base. */
export function profit(side, quantity6, entry6, exit6) {
  const move = side === 'long' ? exit6 - entry6 : entry6 - exit6;
  return ratio(quantity6 * move * 100n, MILLION * exit6);
}

/** Cents of the fee of one fill: basis points (in tenths: 10.0, 17.0, 25.5) of the quantity, which is its notional in dollars. */
export function fee(quantity6, tenthsOfBps) {
  return ratio(quantity6 * tenthsOfBps, 1_000_000_000n);
}

/** Change from `before` to `now` in percent with four decimals, in ten-thousandths. */
export function changePct(now, before) {
  return ratio((now - before) * MILLION, before);
}

/** For messages. */
export function text(value, decimals) {
  if (value === null || value === undefined) return String(value);
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
