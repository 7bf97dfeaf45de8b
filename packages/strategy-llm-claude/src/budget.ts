/** What a question costs or cost. */
export interface Cost {
  readonly tokens: number;
  readonly usd: number;
}

/** Spent so far, by market day and by wall day: a replayed market runs through many of its days in one of ours. */
export interface BudgetState {
  readonly market_day: string;
  readonly market_tokens: number;
  readonly market_usd: number;
  readonly wall_day: string;
  readonly wall_tokens: number;
  readonly wall_usd: number;
}

export interface BudgetLimits {
  readonly daily_tokens: number;
  readonly daily_usd: number;
  readonly usd_per_million_input: number;
  readonly usd_per_million_output: number;
}

const FRESH: BudgetState = {
  market_day: '',
  market_tokens: 0,
  market_usd: 0,
  wall_day: '',
  wall_tokens: 0,
  wall_usd: 0,
};

/**
 * The day's budget. An attempt reserves the most that it can cost before it is sent; what it did cost replaces that when the API
 * says so, an answer of an error gives it back, and an attempt whose end nobody knows keeps it.
 */
export class Budget {
  private spent: BudgetState;
  constructor(
    private readonly limits: BudgetLimits,
    saved: BudgetState = FRESH,
  ) {
    this.spent = saved;
  }

  costOf(inputTokens: number, outputTokens: number): Cost {
    const { usd_per_million_input, usd_per_million_output } = this.limits;
    const usd = (inputTokens * usd_per_million_input + outputTokens * usd_per_million_output) / 1_000_000;
    return { tokens: inputTokens + outputTokens, usd };
  }

  /** Begins a day; amounts of another day are forgotten. Days are `YYYY-MM-DD`. */
  open(marketDay: string, wallDay: string): void {
    if (this.spent.market_day !== marketDay)
      this.spent = { ...this.spent, market_day: marketDay, market_tokens: 0, market_usd: 0 };
    if (this.spent.wall_day !== wallDay) this.spent = { ...this.spent, wall_day: wallDay, wall_tokens: 0, wall_usd: 0 };
  }

  /** Takes the cost from the budget; null when it is granted, otherwise why not. */
  reserve(cost: Cost): string | null {
    const { daily_tokens, daily_usd } = this.limits;
    const { market_tokens, market_usd, wall_tokens, wall_usd } = this.spent;
    const tokens = Math.max(market_tokens, wall_tokens);
    const usd = Math.max(market_usd, wall_usd);
    if (tokens + cost.tokens > daily_tokens)
      return `the day's tokens are used up: ${tokens} of ${daily_tokens}, and a question may take ${cost.tokens}`;
    if (usd + cost.usd > daily_usd)
      return `the day's money is used up: $${usd.toFixed(4)} of $${daily_usd}, and a question may cost $${cost.usd.toFixed(4)}`;
    this.add(cost, 1);
    return null;
  }

  /** Gives a reserved cost back, for what the attempt did cost. */
  settle(reserved: Cost, actual: Cost): void {
    this.add(reserved, -1);
    this.add(actual, 1);
  }

  state(): BudgetState {
    return this.spent;
  }

  private add({ tokens, usd }: Cost, sign: 1 | -1): void {
    const s = this.spent;
    const money = (amount: number): number => Math.max(0, Math.round((amount + sign * usd) * 1e9) / 1e9);
    const count = (amount: number): number => Math.max(0, amount + sign * tokens);
    this.spent = {
      ...s,
      market_tokens: count(s.market_tokens),
      market_usd: money(s.market_usd),
      wall_tokens: count(s.wall_tokens),
      wall_usd: money(s.wall_usd),
    };
  }
}
