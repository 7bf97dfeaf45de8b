import { existsSync } from 'node:fs';

/** After the whole run: the server that its files shared is stopped, if there was one. */
export async function teardown(): Promise<void> {
  const { startTestServer, testServerFolder } = await import('./test-server.js');
  if (existsSync(testServerFolder)) await (await startTestServer()).stop();
}
