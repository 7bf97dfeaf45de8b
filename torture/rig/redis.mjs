// A real redis-server of a run, with a password as the reference has it, that can die and come back with what it kept.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const PASSWORD = 'torture';

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** What it writes to its disk: nothing, or the append-only file each second, or at each write. */
export const PERSISTENCE = {
  none: ['--appendonly', 'no'],
  everysec: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
  always: ['--appendonly', 'yes', '--appendfsync', 'always'],
};

export async function startRedis() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'sb-redis-'));
  const url = `redis://127.0.0.1:${port}`;
  let child;
  const clients = [];
  const client = () => {
    const made = new Redis(url, {
      password: PASSWORD,
      retryStrategy: (n) => Math.min(200, n * 20),
      maxRetriesPerRequest: null,
    });
    made.on('error', () => {});
    clients.push(made);
    return made;
  };
  const own = client();
  const server = {
    url,
    password: PASSWORD,
    client: own,
    async start(persistence = 'none', { emptied = false } = {}) {
      if (emptied)
        for (const name of ['appendonlydir', 'dump.rdb']) rmSync(join(folder, name), { recursive: true, force: true });
      const args = [
        '--port',
        port,
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--requirepass',
        PASSWORD,
        '--save',
        '',
        ...PERSISTENCE[persistence],
      ];
      child = spawn('redis-server', args.map(String), { stdio: 'ignore' });
      await own.ping();
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
    async stop() {
      clients.forEach((one) => one.disconnect());
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
