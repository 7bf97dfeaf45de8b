import { describe, expect, it } from 'vitest';
import { Budget } from './budget.js';

const limits = { daily_tokens: 1_000, daily_usd: 0.01, usd_per_million_input: 2, usd_per_million_output: 10 };

describe('budget', () => {
  it('costs input and output at their own prices per million', () => {
    expect(new Budget(limits).costOf(1_000, 100)).toEqual({ tokens: 1_100, usd: 0.003 });
  });
  it('reserves up to the limit and not a token or a cent beyond', () => {
    const budget = new Budget(limits);
    budget.open('2026-08-03', '2026-08-03');
    expect(budget.reserve({ tokens: 1_000, usd: 0.01 })).toBeNull();
    expect(budget.reserve({ tokens: 1, usd: 0 })).toContain("the day's tokens are used up: 1000 of 1000");
    expect(budget.reserve({ tokens: 0, usd: 0.0001 })).toContain("the day's money is used up: $0.0100 of $0.01");
  });
  it('settles a reservation with what it did cost, more or less', () => {
    const budget = new Budget(limits);
    budget.open('a', 'a');
    budget.reserve({ tokens: 500, usd: 0.005 });
    budget.settle({ tokens: 500, usd: 0.005 }, { tokens: 200, usd: 0.001 });
    expect(budget.state()).toMatchObject({ market_tokens: 200, market_usd: 0.001, wall_tokens: 200, wall_usd: 0.001 });
  });
  it('a new market day begins at nothing, and so does a new wall day; each limit holds by itself', () => {
    const budget = new Budget(limits);
    budget.open('d1', 'w1');
    budget.reserve({ tokens: 900, usd: 0 });
    budget.open('d2', 'w1');
    expect(budget.state()).toMatchObject({ market_tokens: 0, wall_tokens: 900 });
    expect(budget.reserve({ tokens: 200, usd: 0 })).not.toBeNull();
    budget.open('d2', 'w2');
    expect(budget.reserve({ tokens: 200, usd: 0 })).toBeNull();
    budget.open('d2', 'w3');
    expect(budget.state()).toMatchObject({ market_tokens: 200, wall_tokens: 0 });
  });
  it('ten thousand reservations and refunds leave nothing behind', () => {
    const budget = new Budget(limits);
    budget.open('a', 'a');
    for (let i = 0; i < 10_000; i++) {
      const cost = budget.costOf(i % 97, i % 13);
      if (budget.reserve(cost) === null) budget.settle(cost, { tokens: 0, usd: 0 });
    }
    expect(budget.state()).toMatchObject({ market_tokens: 0, market_usd: 0, wall_tokens: 0, wall_usd: 0 });
  });
});
