import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Options } from '../../src/stores/artifacts/port.js';

/** A real S3 server (versitygw): SIGNALBOX_S3_SERVER, on the PATH, or where `go install` puts it. */
export const s3Program: string | null = (() => {
  const given = process.env['SIGNALBOX_S3_SERVER'];
  if (given) return given;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  const found = folders.map((folder) => join(folder, 'versitygw')).find((path) => existsSync(path));
  if (found) return found;
  const go = spawnSync('go', ['env', 'GOPATH'], { encoding: 'utf8' });
  const there = go.status === 0 ? join(go.stdout.trim(), 'bin', 'versitygw') : '';
  return there !== '' && existsSync(there) ? there : null;
})();

export interface S3Server {
  readonly options: S3Options;
  /** What clients of the reference call `localhost:9000`. */
  readonly address: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export const ACCESS = { accessKey: 'minioadmin', secretKey: 'minioadmin123' };

/** Starts the server over a folder of its own; `stop` and `start` keep what is stored and the port. */
export async function s3Server(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-s3-'));
  mkdirSync(join(folder, 'data'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(s3Program!, ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', join(folder, 'data')], {
      env: { PATH: process.env['PATH'], ROOT_ACCESS_KEY: ACCESS.accessKey, ROOT_SECRET_KEY: ACCESS.secretKey },
      stdio: 'ignore',
    });
    const deadline = Date.now() + 15_000;
    for (;;) {
      const answers = await fetch(`http://127.0.0.1:${port}/`).then(() => true).catch(() => false); // prettier-ignore
      if (answers) return;
      if (Date.now() > deadline || child.exitCode !== null) throw new Error('the S3 server did not start');
      await sleep(25);
    }
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    options: {
      endPoint: '127.0.0.1',
      port,
      useSSL: false,
      ...ACCESS,
      bucket: '99-common-trading-models',
      region: 'us-east-1',
    },
    address: `127.0.0.1:${port}`,
    start,
    async stop() {
      await stop();
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
