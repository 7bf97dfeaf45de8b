import { expect, it } from 'vitest';
import { estimate } from './learner.js';

it('generalised advantages by hand: two steps, then another session', () => {
  const rollout = { rewards: Float32Array.of(1, 2, 5), last: Uint8Array.of(0, 1, 1), count: 3 };
  const { advantages, returns } = estimate(rollout, Float32Array.of(0.5, 1, 2), { gamma: 0.5, lambda: 0.5 });
  // second: 2 − 1; first: 1 + .5·1 − .5 + .25·1; nothing comes over from the next session
  expect([...advantages]).toEqual([1.25, 1, 3]);
  expect([...returns]).toEqual([1.75, 2, 5]);
});
