/** What stands for an unknown number. Never 0. */
export const UNKNOWN = '–';

const formats = new Map<string, Intl.NumberFormat>();
function format(digits: number, sign: 'auto' | 'exceptZero'): Intl.NumberFormat {
  const key = `${digits}${sign}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: sign,
  });
  formats.set(key, made);
  return made;
}

type Figure = number | null | undefined;
const known = (value: Figure): value is number => value !== null && value !== undefined && Number.isFinite(value);
/** A real minus sign is as wide as a plus, so that columns of tabular figures stand. */
const typeset = (text: string): string => text.replace('-', '−');

/** COP per USD, 2 decimals. */
export const price = (value: Figure): string => (known(value) ? format(2, 'auto').format(value) : UNKNOWN);

export const decimal = (value: Figure, digits = 2): string =>
  known(value) ? typeset(format(digits, 'auto').format(value)) : UNKNOWN;

/** US dollars without sign: an amount. */
export const usd = (value: Figure, digits = 2): string =>
  known(value) ? `${value < 0 ? '−' : ''}$${format(digits, 'auto').format(Math.abs(value))}` : UNKNOWN;

/** US dollars with its sign: a profit or a loss. */
export function pnl(value: Figure): string {
  if (!known(value)) return UNKNOWN;
  const rounded = Math.round(Math.abs(value) * 100);
  if (rounded === 0) return '$0.00';
  return `${value < 0 ? '−' : '+'}$${format(2, 'auto').format(rounded / 100)}`;
}

/** A value that is percent already, with its sign. */
export const percent = (value: Figure, digits = 2): string =>
  known(value) ? `${typeset(format(digits, 'exceptZero').format(value))} %` : UNKNOWN;

/** A value that is percent already and never negative, such as a drawdown. */
export const plainPercent = (value: Figure, digits = 2): string =>
  known(value) ? `${format(digits, 'auto').format(value)} %` : UNKNOWN;

/** A fraction 0–1 as percent. */
export const fraction = (value: Figure, digits = 0): string =>
  known(value) ? `${format(digits, 'auto').format(value * 100)} %` : UNKNOWN;

export const count = (value: Figure): string => (known(value) ? format(0, 'auto').format(value) : UNKNOWN);

/** −1, 0 or 1 after rounding to cents: what decides the colour and the arrow of a result. */
export function trend(value: Figure): -1 | 0 | 1 {
  if (!known(value)) return 0;
  const cents = Math.round(value * 100);
  return cents > 0 ? 1 : cents < 0 ? -1 : 0;
}
