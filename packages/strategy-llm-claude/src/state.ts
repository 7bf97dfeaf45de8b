const amount = { type: 'number', minimum: 0 } as const;
const day = { type: 'string', maxLength: 10 } as const;

/** JSON Schema of what a session saves: the budget used, and the answer that stands with `decide_every_bars`. */
export const STATE = {
  type: 'object',
  properties: {
    budget: {
      type: 'object',
      properties: {
        market_day: day,
        market_tokens: amount,
        market_usd: amount,
        wall_day: day,
        wall_tokens: amount,
        wall_usd: amount,
      },
      required: ['market_day', 'market_tokens', 'market_usd', 'wall_day', 'wall_tokens', 'wall_usd'],
      additionalProperties: false,
    },
    standing: {
      type: ['object', 'null'],
      properties: {
        time: { type: 'number' },
        /** Bars since it was given. */
        bars: { type: 'integer', minimum: 0 },
        direction: { type: 'string', enum: ['long', 'short', 'flat'] },
        confidence: { type: 'number', minimum: 0, maximum: 1 },
        reasoning: { type: 'string' },
      },
      required: ['time', 'bars', 'direction', 'confidence', 'reasoning'],
      additionalProperties: false,
    },
  },
  required: ['budget', 'standing'],
  additionalProperties: false,
} as const;
