// A host of its own for embedded.test.ts: starts the server of the folder that it runs in and says what came of it.
import { startPostgres } from '../../src/stores/postgres/embedded.js';
import { openClient } from '../../src/stores/postgres/pool.js';

try {
  const server = await startPostgres({ projectDir: process.cwd(), env: {}, settings: { fsync: 'off' } });
  const client = await openClient(server.admin);
  const { rows } = await client.query<{ n: number }>('SELECT count(*) AS n FROM pg_database');
  console.log(JSON.stringify({ databases: rows[0]!.n, uid: process.getuid?.(), startedHere: server.startedHere }));
  if (process.argv[2] === 'stay') await new Promise((resolve) => setTimeout(resolve, 60_000));
  await client.end();
  await server.stop();
} catch (error) {
  const { code, message, remedy } = error as { code?: string; message: string; remedy?: string };
  console.log(JSON.stringify({ code, message, remedy }));
}
