/**
 * Moments at which `torture/` kills the host on purpose: between any two of them something has become durable, or is about to.
 * The one table of them; `SIGNALBOX_CRASH_AT=point[:n]` names one, and the n-th time that it is reached (the first by default)
 * the process dies by SIGKILL.
 */
export const CRASH_POINTS = {
  'start.configured': 'nothing is touched yet',
  'start.database': 'PostgreSQL runs, its world is not opened yet',
  'start.world': 'the schema is migrated and the world is there',
  'start.store': 'relay, publisher and strategies are registered, nothing listens yet',
  'start.listening': 'the services listen, the world does not run yet',
  'leader.locked': 'the advisory lock is held, the epoch is still that of the leader before',
  'leader.epoch': 'the new epoch is stored, no bar is taken yet',
  'desk.seeded': 'the states of new strategies are stored',
  'desk.opened': 'books, sessions and the market are restored',
  'bar.noticed': 'a stored bar is taken, nothing of it is decided',
  'bar.stepped': 'the strategies are asked, nothing is committed',
  'part.state': 'inside the transaction of one strategy: its state is moved to the bar',
  'part.fills': 'inside it: positions are opened and closed',
  'part.equity': 'inside it: the equity row is written',
  'part.outcome': 'inside it: the signal, or why there is none, and its event are written',
  'part.committed': 'one strategy has committed the bar, others may not have',
  'bar.committed': 'all strategies have committed, the cycle is not marked done',
  'bar.kept': 'the session’s snapshot is stored',
  'bar.done': 'the cycle is marked done',
  'relay.publishing': 'events are committed and have no seq',
  'relay.published': 'events have their seq, nobody has heard of them',
  'feed.delivering': 'a published event goes to the WebSockets',
  'streams.appending': 'published events go to Redis',
  'streams.appended': 'Redis has them, the publisher does not know yet',
} as const;
export type CrashPoint = keyof typeof CRASH_POINTS;

/** The point at which a process with this environment dies, and how often it is passed before; null always but under torture. */
export function armedBy(
  env: Readonly<Record<string, string | undefined>>,
): { readonly point: string; left: number } | null {
  const wish = env['SIGNALBOX_CRASH_AT'];
  if (!wish || env['SIGNALBOX_TORTURE'] !== '1') return null;
  const [point = '', count = '1'] = wish.split(':');
  if (!Object.hasOwn(CRASH_POINTS, point) || !/^[1-9]\d*$/.test(count))
    throw new RangeError(`SIGNALBOX_CRASH_AT is ${wish}: there is no such point, or no such count`);
  return { point, left: Number(count) };
}

const armed = armedBy(process.env);

/** Passed by the host where it says; costs one comparison. */
export const crashPoint: (point: CrashPoint) => void =
  armed === null
    ? () => {}
    : (point) => {
        // the signal is delivered before the call returns: nothing after it runs
        if (point === armed.point && --armed.left === 0) process.kill(process.pid, 'SIGKILL');
      };
