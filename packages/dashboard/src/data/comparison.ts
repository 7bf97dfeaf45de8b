import type { ComparisonRow } from './types.js';
import { count, decimal, fraction, percent, plainPercent, usd } from '../format/number.js';

/** A column of the comparison: how a figure is shown, what it means, and why it may be unknown. */
export interface Column {
  readonly key: keyof ComparisonRow;
  readonly head: string;
  readonly meaning: string;
  readonly show: (row: ComparisonRow) => string;
  /** Its uncertainty, in small letters beside it. */
  readonly aside?: (row: ComparisonRow) => string;
  readonly unknown: (row: ComparisonRow) => string;
  /** What else should be known of a figure before it is believed. */
  readonly note?: (row: ComparisonRow) => string;
  /** Which end is better; absent where neither is. */
  readonly better?: 'high' | 'low';
}

const fewReturns = (row: ComparisonRow): string =>
  row.n < 10 ? `needs 10 session returns, has ${row.n}` : 'its denominator is zero';
const noTrades = (row: ComparisonRow): string =>
  row.total_trades === 0 ? 'no closed trade in this window' : 'no losing trade';

export const COLUMNS: readonly Column[] = [
  {
    key: 'total_return_pct',
    head: 'Return',
    better: 'high',
    meaning: 'Equity now against the start of the window, percent',
    show: (r) => percent(r.total_return_pct),
    unknown: () => 'no equity before the window',
  },
  {
    key: 'daily_return_pct',
    head: 'Session',
    better: 'high',
    meaning: 'Return of the last completed session',
    show: (r) => percent(r.daily_return_pct),
    unknown: () => 'no completed session yet',
  },
  {
    key: 'sharpe_ratio',
    head: 'Sharpe',
    better: 'high',
    meaning:
      'Mean / standard deviation of session returns, a year ± its standard error: a difference of less than two of them says nothing',
    show: (r) => decimal(r.sharpe_ratio),
    aside: (r) => (r.sharpe_standard_error === null ? '' : `±${decimal(r.sharpe_standard_error, 1)}`),
    unknown: fewReturns,
    note: (r) =>
      `± ${decimal(r.sharpe_standard_error)} standard error, ${r.n} session returns, ${r.periods_per_year} sessions a year`,
  },
  {
    key: 'n',
    head: 'n',
    meaning: 'Session returns that the ratios come from',
    show: (r) => count(r.n),
    unknown: () => '',
  },
  {
    key: 'max_drawdown_pct',
    head: 'Max DD',
    better: 'low',
    meaning: 'Deepest fall from a peak in the window, percent',
    show: (r) => plainPercent(r.max_drawdown_pct),
    unknown: () => 'no equity in this window',
  },
  {
    key: 'win_rate',
    head: 'Wins',
    better: 'high',
    meaning: 'Winning trades among winning and losing ones, after fees',
    show: (r) => fraction(r.win_rate),
    unknown: noTrades,
  },
  {
    key: 'profit_factor',
    head: 'PF',
    better: 'high',
    meaning: 'Profit factor: net of wins / net of losses',
    show: (r) => decimal(r.profit_factor),
    unknown: noTrades,
  },
  {
    key: 'total_trades',
    head: 'Trades',
    meaning: 'Closed trades in the window',
    show: (r) => count(r.total_trades),
    unknown: () => '',
  },
  {
    key: 'current_equity',
    head: 'Equity',
    better: 'high',
    meaning: 'US dollars now',
    show: (r) => usd(r.current_equity, 0),
    unknown: () => '',
  },
];

/** What the table is sorted by; null: by code. */
export interface Order {
  readonly key: Column['key'];
  readonly descending: boolean;
}

/** The order after a press on a column's head: its better end first, then the other one, then by code again. */
export function nextOrder(order: Order | null, column: Column): Order | null {
  const first = column.better !== 'low';
  if (order?.key !== column.key) return { key: column.key, descending: first };
  return order.descending === first ? { key: column.key, descending: !first } : null;
}

/** Rows in order; those without a value come last either way. */
export function sorted(rows: readonly ComparisonRow[], order: Order | null): readonly ComparisonRow[] {
  if (order === null) return rows;
  const value = (row: ComparisonRow): number | null => {
    const found = row[order.key];
    return typeof found === 'number' ? found : null;
  };
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return order.descending ? y - x : x - y;
  });
}

/** Codes that are best in a column; none when all are equal or fewer than two are known. Who never traded has achieved nothing. */
export function best(column: Column, rows: readonly ComparisonRow[]): ReadonlySet<string> {
  const traded = rows.filter((row) => row.total_trades > 0 || row.open_positions > 0);
  const values = traded.flatMap((row) => {
    const value = row[column.key];
    return typeof value === 'number' ? [{ code: row.strategy_code, value }] : [];
  });
  if (!column.better || values.length < 2) return new Set();
  const numbers = values.map((each) => each.value);
  const top = column.better === 'high' ? Math.max(...numbers) : Math.min(...numbers);
  if (numbers.every((value) => value === top)) return new Set();
  return new Set(values.filter((each) => each.value === top).map((each) => each.code));
}
