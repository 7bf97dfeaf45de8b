import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../src/stores/postgres/embedded.js';

export const testServerFolder = join(tmpdir(), 'signalbox-test');

/** The server that the test files of a run share; it runs on between them. */
export function startTestServer(): Promise<PostgresServer> {
  mkdirSync(testServerFolder, { recursive: true });
  // not durable, so that a database costs milliseconds; `env: {}`: never the DATABASE_URL of whoever runs the tests
  return startPostgres({
    projectDir: testServerFolder,
    env: {},
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
}
