// What can be tortured, by id.
import { kills } from './faults/kills.mjs';
import { planted } from './faults/planted.mjs';

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
};
