/** Market time. A wall clock in a market world, a replay clock in a simulated one; epoch milliseconds UTC. */
export interface Clock {
  readonly mode: 'wall' | 'replay';
  /** Market seconds per wall second; 0 while paused. */
  readonly speed: number;
  now(): number;
}
