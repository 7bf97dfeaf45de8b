// A feature of your own: a definition, no code. Strategies of `createEngine({ features })` read it by its name.
import { computeFeatures, parseFeatureConfig } from '@signalbox/core';
import { fixtureWorld, seriesOf } from '@signalbox/core/testing';

const halfHour = {
  name: 'log_ret_30m',
  source: { bar: 'close' },
  transforms: [{ name: 'log_return', slots: 6 }],
  normalisation: { kind: 'none', clip: [-0.05, 0.05] },
  stable_after: 6,
};
const features = parseFeatureConfig({ version: '1.0.0', series: {}, features: [halfHour] });
const world = fixtureWorld({ sessions: 2, features });
const { times, values } = computeFeatures(world.plan, seriesOf(world, world.macro), world.bars);
times.forEach((time, i) => console.log(new Date(time).toISOString(), values[i]));
