import { describe, expect, it } from 'vitest';
import { best, COLUMNS, nextOrder, sorted } from './comparison.js';
import type { ComparisonRow } from './types.js';

const row = (code: string, change: Partial<ComparisonRow>): ComparisonRow =>
  ({
    strategy_code: code,
    total_trades: 3,
    n: 20,
    sharpe_ratio: 1,
    max_drawdown_pct: 1,
    profit_factor: 1,
    win_rate: 0.5,
    ...change,
  }) as ComparisonRow;
const column = (key: string) => COLUMNS.find((each) => each.key === key)!;

describe('comparison', () => {
  it('null is a dash with its reason, never 0', () => {
    const few = row('A', { sharpe_ratio: null, n: 7 });
    expect(column('sharpe_ratio').show(few)).toBe('–');
    expect(column('sharpe_ratio').unknown(few)).toContain('has 7');
    expect(column('sharpe_ratio').unknown(row('A', { n: 12 }))).toContain('denominator');
    expect(column('profit_factor').unknown(row('A', { total_trades: 0 }))).toContain('no closed trade');
  });

  it('the best is the highest, of drawdowns the lowest', () => {
    const rows = [
      row('A', { sharpe_ratio: 2, max_drawdown_pct: 4 }),
      row('B', { sharpe_ratio: 1, max_drawdown_pct: 3 }),
    ];
    expect([...best(column('sharpe_ratio'), rows)]).toEqual(['A']);
    expect([...best(column('max_drawdown_pct'), rows)]).toEqual(['B']);
  });

  it('who never traded is best at nothing', () => {
    const idle = row('IDLE', { total_trades: 0, open_positions: 0, max_drawdown_pct: 0 });
    expect([
      ...best(column('max_drawdown_pct'), [idle, row('A', { max_drawdown_pct: 2 }), row('B', { max_drawdown_pct: 3 })]),
    ]).toEqual(['A']);
  });

  it('a Sharpe ratio comes with its standard error', () => {
    expect(column('sharpe_ratio').note?.(row('A', { sharpe_standard_error: 3.2, n: 20, periods_per_year: 245 }))).toBe(
      '± 3.20 standard error, 20 session returns, 245 sessions a year',
    );
  });

  it('a press sorts by the better end, a second by the other, a third by code; unknown is last either way', () => {
    const rows = [row('A', { sharpe_ratio: 1 }), row('B', { sharpe_ratio: null }), row('C', { sharpe_ratio: 2 })];
    const codes = (order: ReturnType<typeof nextOrder>) =>
      sorted(rows, order)
        .map((each) => each.strategy_code)
        .join('');
    const first = nextOrder(null, column('sharpe_ratio'));
    const second = nextOrder(first, column('sharpe_ratio'));
    expect([codes(first), codes(second), codes(nextOrder(second, column('sharpe_ratio')))]).toEqual([
      'CAB',
      'ACB',
      'ABC',
    ]);
    expect(nextOrder(first, column('max_drawdown_pct'))).toEqual({ key: 'max_drawdown_pct', descending: false });
  });

  it('n and the standard error stand beside the ratios', () => {
    expect(column('n').show(row('A', { n: 20 }))).toBe('20');
    expect(column('sharpe_ratio').aside?.(row('A', { sharpe_standard_error: 3.24 }))).toBe('±3.2');
    expect(column('sharpe_ratio').aside?.(row('A', { sharpe_standard_error: null }))).toBe('');
  });

  it('nobody is best where all are equal, where one alone is known, or where neither end is better', () => {
    expect(best(column('sharpe_ratio'), [row('A', {}), row('B', {})]).size).toBe(0);
    expect(best(column('sharpe_ratio'), [row('A', {}), row('B', { sharpe_ratio: null })]).size).toBe(0);
    expect(best(column('total_trades'), [row('A', { total_trades: 1 }), row('B', {})]).size).toBe(0);
  });
});
