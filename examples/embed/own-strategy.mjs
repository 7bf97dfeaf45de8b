// A strategy of your own, and what its paper account did.
import { createEngine, defineStrategy } from '@signalbox/core';
import { fixtureWorld } from '@signalbox/core/testing';

const fade = defineStrategy({
  code: 'FADE',
  name: 'Fade of a far RSI',
  type: 'ML',
  apiVersion: 1,
  features: ['rsi_9'],
  config: { type: 'object', properties: {}, additionalProperties: false },
  create: () => ({
    onBar: ({ features: { rsi_9 } }) =>
      Math.abs(rsi_9 - 0.5) < 0.25
        ? { signal: 'flat', reasoning: `rsi_9 ${rsi_9}` }
        : { signal: rsi_9 > 0.5 ? 'short' : 'long', confidence: 0.8, reasoning: `rsi_9 ${rsi_9}` },
  }),
});
for await (const { type, fill } of createEngine().use(fade).run(fixtureWorld().bars))
  if (type === 'fill') console.log(fill.action, fill.side, fill.price, fill.reason ?? '');
