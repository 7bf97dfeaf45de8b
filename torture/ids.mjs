// What can be tortured, by id.
import { kills } from './faults/kills.mjs';
import { planted } from './faults/planted.mjs';
import { load } from './load/load.mjs';
import { year } from './load/year.mjs';

export const ids = {
  'host-kill': {
    what: 'kill -9 of the host at random moments and named points (100)',
    run: (options) => kills('host', 100, options),
  },
  'postgres-kill': {
    what: 'kill -9 of the whole of PostgreSQL (50)',
    run: (options) => kills('postgres', 50, options),
  },
  'redis-kill': {
    what: 'kill -9 of Redis, which comes back with all, some or none of its data (50)',
    run: (options) => kills('redis', 50, options),
  },
  planted: { what: 'five faults planted on purpose: the checker names each (1 session each)', run: planted },
  load: {
    what: '1,000 clients and 1,000 reads a second while a bar a second is decided upon; one event beside bare ws',
    run: load,
  },
  year: { what: 'a simulated year at full speed: memory after each session', run: year },
};
