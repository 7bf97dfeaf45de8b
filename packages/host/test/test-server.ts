import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../src/stores/postgres/embedded.js';

export const testServerFolder = join(tmpdir(), 'signalbox-test');

/**
 * The server that the test files of a run share; it runs on between them. `SIGNALBOX_TEST_DATABASE_URL` names another,
 * of another version say, whose role may create databases.
 */
export function startTestServer(): Promise<PostgresServer> {
  mkdirSync(testServerFolder, { recursive: true });
  // never the DATABASE_URL of whoever runs the tests
  const given = process.env['SIGNALBOX_TEST_DATABASE_URL'];
  return startPostgres({
    projectDir: testServerFolder,
    env: given ? { DATABASE_URL: given } : {},
    // not durable, so that a database costs milliseconds
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
}
