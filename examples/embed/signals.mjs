// Bars in, signals out: the last hour of a simulated fortnight.
import { createEngine } from '@signalbox/core';
import { fixtureWorld } from '@signalbox/core/testing';
import breakout from 'signalbox-strategy-breakout';

const { bars } = fixtureWorld({ seed: 7 });
const engine = createEngine().use(breakout);
for await (const event of engine.run(bars)) {
  if (event.type !== 'signal' || event.time < bars.at(-12).time) continue;
  const { signal, reasoning } = event.signal;
  console.log(new Date(event.time).toISOString(), signal, reasoning);
}
