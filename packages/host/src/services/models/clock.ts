import { SignalboxError } from '@signalbox/core';
import type { ServiceDependencies } from '../dependencies.js';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { ClockCommand, ClockStatus } from './schemas.js';

function status({ clock, world, calendar }: ServiceDependencies) {
  const now = clock.now();
  return {
    mode: clock.mode,
    speed: clock.speed,
    now: iso(now),
    world,
    simulated: world === 'simulated',
    market_status: calendar.status(now),
    next_open: iso(calendar.nextOpen(now)),
    next_close: iso(calendar.nextClose(now)),
  };
}

export const readClock = route({
  path: '/api/clock',
  summary: 'Market time',
  description: 'The clock of this world: the wall in a market world, a replay in a simulated one.',
  query: Query({}),
  response: ClockStatus,
  handler: (_, deps) => status(deps),
});

export const commandClock = route({
  method: 'POST',
  path: '/api/clock',
  summary: 'Pause, resume, step, restart or speed the replay clock',
  description: 'Simulated worlds only; 409 in a market world. `speed` needs `speed`. The body is JSON.',
  body: ClockCommand,
  response: ClockStatus,
  role: 'trader',
  errors: [400, 403, 409, 413, 415],
  async handler({ body }, deps) {
    const { control } = deps;
    if (deps.world !== 'simulated' || !control) {
      throw new SignalboxError(
        'CLOCK_NOT_SIMULATED',
        'the clock of a market world is the wall clock and takes no commands',
        'Start the demo world with signalbox start --world demo.',
      );
    }
    if (body.action === 'speed') {
      if (body.speed === undefined) {
        throw new SignalboxError(
          'PARAMETER_INVALID',
          'speed: missing with action speed',
          'Give market seconds per second.',
        );
      }
      await control.setSpeed(body.speed);
    } else await control[body.action]();
    return status(deps);
  },
});
