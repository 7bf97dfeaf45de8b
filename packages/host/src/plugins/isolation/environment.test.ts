import { describe, expect, it } from 'vitest';
import { environmentFault, environmentOf } from './environment.js';

describe('the environment of a plugin', () => {
  it('holds a short list and what its package declares, and nothing else of the host’s', () => {
    const env = { PATH: '/bin', TZ: 'UTC', DATABASE_URL: 'secret', HOME: '/root', MY_KEY: 'k', OTHER_KEY: 'o' };
    expect(environmentOf(['MY_KEY', 'ABSENT'], env)).toEqual({ PATH: '/bin', TZ: 'UTC', MY_KEY: 'k' });
  });

  it.each<[unknown, RegExp | null]>([
    [undefined, null],
    [['ANTHROPIC_API_KEY'], null],
    ['ANTHROPIC_API_KEY', /no list/],
    [Array(21).fill('A'), /at most 20/],
    [['lower'], /no name of a variable/],
    [[{ toString: 'x' }], /no name of a variable/],
    ...['DATABASE_URL', 'PGPASSWORD', 'NODE_OPTIONS', 'LD_PRELOAD', 'SIGNALBOX_WORLD', 'REDIS_URL', 'NPM_TOKEN'].map(
      (name): [unknown, RegExp] => [[name], /which no plugin gets/],
    ),
  ])('%j asked for: %s', (names, fault) => {
    if (fault === null) expect(environmentFault(names)).toBeNull();
    else expect(environmentFault(names)).toMatch(fault);
  });
});
