/** The market's zone; every clock of the page names it. */
export const MARKET_ZONE = 'America/Bogota';

const part = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', { timeZone: MARKET_ZONE, hourCycle: 'h23', ...options });

const TIME = part({ hour: '2-digit', minute: '2-digit' });
const SECONDS = part({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = part({ weekday: 'short', day: '2-digit', month: 'short' });
const LONG_DAY = part({ weekday: 'short', day: '2-digit', month: 'short', year: 'numeric' });
const DATE = part({ year: 'numeric', month: '2-digit', day: '2-digit' });

type Instant = number | string | null | undefined;

/** Epoch milliseconds of an ISO text or of milliseconds; null when it is neither. */
export function epoch(value: Instant): number | null {
  if (value === null || value === undefined) return null;
  const ms = typeof value === 'number' ? value : Date.parse(value);
  return Number.isFinite(ms) ? ms : null;
}

const shown = (format: Intl.DateTimeFormat, value: Instant): string => {
  const ms = epoch(value);
  return ms === null ? '–' : format.format(ms).replace(',', '');
};

/** 09:35 */
export const marketTime = (value: Instant): string => shown(TIME, value);
/** 09:35:12 */
export const marketSeconds = (value: Instant): string => shown(SECONDS, value);
/** Fri 21 Nov */
export const marketDay = (value: Instant): string => shown(DAY, value);
/** Fri 21 Nov 2025 */
export const marketLongDay = (value: Instant): string => shown(LONG_DAY, value);
/** Fri 21 Nov 09:35 */
export const marketMoment = (value: Instant): string => `${marketDay(value)} ${marketTime(value)}`;

/** A key that is equal for all instants of one calendar day in the market's zone. */
export const marketDate = (value: number): string => DATE.format(value).split('/').reverse().join('-');

/** 2:14, or 1:02:14: for countdowns. Negative counts as 0. */
export function countdown(ms: number): string {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const h = Math.floor(total / 3600);
  const m = Math.floor((total % 3600) / 60);
  const s = String(total % 60).padStart(2, '0');
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
}

/** 45 s, 12 min, 3 h 05, 2 d: for ages. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')}`;
  return `${Math.floor(hours / 24)} d`;
}
