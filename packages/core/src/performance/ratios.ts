import { returnsOf } from './returns.js';

/** With fewer session returns a ratio says nothing. */
export const MINIMUM_RETURNS = 10;
/** Calmar needs a longer record. */
export const MINIMUM_CALMAR_RETURNS = 60;
/** Deviations below this are float dust. */
const ZERO = 1e-12;

/** Annualised ratios of session returns, with what is needed to judge them; null where they are undefined. Unrounded. */
export interface Ratios {
  /** Number of session returns. */
  readonly n: number;
  readonly periods_per_year: number;
  readonly sharpe_ratio: number | null;
  readonly sharpe_standard_error: number | null;
  readonly sortino_ratio: number | null;
  readonly volatility_pct: number | null;
  readonly calmar_ratio: number | null;
}

/**
 * `closes[0]` is the window's base, the equity at the last session close before it, else the initial equity; the others
 * are equities at the close of each completed session that has bars, oldest first.
 *
 * With N periods a year, r the session returns and n their number:
 * - Sharpe = mean(r) / sd(r) · √N, sd with n − 1, no risk-free rate (Sharpe, "The Sharpe Ratio", J. Portfolio Management, 1994)
 * - its standard error = √((N + SR²/2) / n) for independent normal returns (Lo, "The Statistics of Sharpe Ratios",
 *   Financial Analysts Journal, 2002, eq. 9, annualised)
 * - Sortino = mean(r) / √(Σ min(r, 0)² / n) · √N, target 0 (Sortino and Price, J. of Investing, 1994)
 * - volatility = sd(r) · √N · 100
 * - Calmar = CAGR / maximum drawdown, CAGR = (last / first)^(N/n) − 1 (Young, Futures, 1991)
 *
 * Null below 10 returns (Calmar: 60), with a zero denominator (below 1e-12), and where equity was not above 0.
 *
 * @param rules.maxDrawdownPct maximum drawdown of bar equity in the same window, a positive percent; null when unknown
 */
export function ratios(
  closes: readonly number[],
  rules: { readonly periodsPerYear: number; readonly maxDrawdownPct: number | null },
): Ratios {
  const { periodsPerYear, maxDrawdownPct } = rules;
  const n = Math.max(closes.length - 1, 0);
  const none = { sharpe_ratio: null, sharpe_standard_error: null, sortino_ratio: null, volatility_pct: null };
  const head = { n, periods_per_year: periodsPerYear };
  if (n < MINIMUM_RETURNS || closes.some((close) => !(close > 0))) return { ...head, ...none, calmar_ratio: null };

  const returns = returnsOf(closes);
  const mean = returns.reduce((sum, r) => sum + r, 0) / n;
  const deviation = Math.sqrt(returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (n - 1));
  const downside = Math.sqrt(returns.reduce((sum, r) => sum + Math.min(r, 0) ** 2, 0) / n);
  const year = Math.sqrt(periodsPerYear);
  const sharpe = deviation < ZERO ? null : (mean / deviation) * year;
  return {
    ...head,
    sharpe_ratio: sharpe,
    sharpe_standard_error: sharpe === null ? null : Math.sqrt((periodsPerYear + sharpe ** 2 / 2) / n),
    sortino_ratio: downside < ZERO ? null : (mean / downside) * year,
    volatility_pct: deviation < ZERO ? 0 : deviation * year * 100,
    calmar_ratio: calmar(closes, n, periodsPerYear, maxDrawdownPct),
  };
}

function calmar(closes: readonly number[], n: number, periodsPerYear: number, maxDrawdownPct: number | null) {
  if (n < MINIMUM_CALMAR_RETURNS || maxDrawdownPct === null || maxDrawdownPct < ZERO) return null;
  const cagr = (closes[n]! / closes[0]!) ** (periodsPerYear / n) - 1;
  return cagr / (maxDrawdownPct / 100);
}
