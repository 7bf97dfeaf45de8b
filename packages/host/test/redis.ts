import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { Redis } from 'ioredis';
import type { RedisAddress } from '../src/stores/redis/connection.js';

export const PASSWORD = 'a-redis-secret';

/** A real redis-server on a port of its own, with a password, as the reference has it. */
export interface RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly address: RedisAddress;
  readonly child: ChildProcess;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** A plain client, as a consumer has it. */
  client(): Redis;
  stop(): Promise<void>;
}

/** False without the program; under SIGNALBOX_NO_SKIPS that is an error. */
export function hasRedis(): boolean {
  const found = spawnSync('redis-server', ['--version']).status === 0;
  if (!found && process.env['SIGNALBOX_NO_SKIPS']) throw new Error('redis-server is not installed');
  if (!found) console.warn('SKIPPED: no redis-server on PATH (apt-get install redis-server)');
  return found;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export async function startRedis(settings: readonly string[] = []): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'sb-redis-'));
  const clients: Redis[] = [];
  let child: ChildProcess;
  const plain = (): Redis => {
    const client = new Redis({
      port,
      host: '127.0.0.1',
      password: PASSWORD,
      retryStrategy: (n) => Math.min(200, n * 20),
    });
    client.on('error', () => {});
    clients.push(client);
    return client;
  };
  const server: RedisServer = {
    port,
    folder,
    address: { url: `redis://127.0.0.1:${port}`, password: PASSWORD },
    get child() {
      return child;
    },
    async start() {
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
        ...settings,
      ];
      child = spawn('redis-server', args.map(String), { stdio: 'ignore' });
      const client = plain();
      await client.ping();
      client.disconnect();
    },
    async kill(signal) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await gone;
    },
    client: plain,
    async stop() {
      clients.forEach((client) => client.disconnect());
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGCONT');
        await server.kill('SIGKILL');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}
