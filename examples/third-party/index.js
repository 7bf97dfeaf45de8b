import { defineStrategy } from '@signalbox/core';

export default defineStrategy({
  code: 'RULE_BREAKOUT',
  name: 'Breakout of the last hour',
  type: 'ML',
  apiVersion: 1,
  features: ['log_ret_1h', 'log_ret_4h', 'atr_pct'],
  config: { type: 'object', properties: { breakout: { type: 'number', default: 2.5 } }, additionalProperties: false },
  create: ({ config: { breakout = 2.5 } }) => ({
    onBar({ features: { log_ret_1h, log_ret_4h, atr_pct }, position }) {
      const hour = (100 * log_ret_1h) / atr_pct; // the last hour's move in ATRs of five minutes
      const fresh = hour - (50 * log_ret_4h) / atr_pct; // what the last four hours have not run already
      const signal = hour > 0 ? 'long' : 'short';
      const reasoning = `hour ${hour.toFixed(1)} ATR, ${fresh.toFixed(1)} of it fresh; breakout at ${breakout}`;
      const broke = Math.abs(hour) > breakout && fresh * Math.sign(hour) > breakout + 0.5;
      if (broke) return { signal, confidence: Math.min(0.9, 0.57 + 0.03 * Math.abs(fresh)), reasoning };
      const turned = position.side !== 'flat' && position.side !== signal && Math.abs(hour) > 1;
      return { signal: turned ? 'close' : 'flat', reasoning };
    },
  }),
});
