// In a browser: a worker that is sent bars and answers with signals. `new Worker('worker.js', { type: 'module' })`
import { createEngine } from '@signalbox/core';
import breakout from 'signalbox-strategy-breakout';

addEventListener('message', async ({ data: bars }) => {
  const engine = createEngine().use(breakout);
  for await (const event of engine.run(bars)) if (event.type === 'signal') postMessage(event.signal);
  postMessage(null);
});
