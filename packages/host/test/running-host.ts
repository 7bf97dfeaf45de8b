import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ConnectionOptions } from '../src/stores/postgres/connection.js';

export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** As DATABASE_URL has it; a socket's folder goes into the query, because a URL cannot hold it as its host. */
export function databaseUrl(options: ConnectionOptions): string {
  if ('connectionString' in options) return options.connectionString;
  const url = new URL(`postgresql://localhost:${options.port}/${options.database}`);
  url.username = options.user;
  url.password = options.password ?? '';
  url.searchParams.set('host', options.host);
  return url.href;
}

/** A host as a person starts it: a process of its own. */
export interface RunningHost {
  readonly child: ChildProcess;
  /** Addresses by service, once it listens. */
  readonly urls: Promise<Readonly<Record<string, string>>>;
  /** Resolves when signals arrive. */
  readonly ready: Promise<void>;
  /** Resolves with the exit code; −1 after a signal. */
  readonly ended: Promise<number>;
  /** What it wrote so far. */
  output(): { readonly stdout: string; readonly stderr: string };
}

export function startHost(
  connection: ConnectionOptions,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): RunningHost {
  const child = spawn(process.execPath, ['packages/host/bin/signalbox.js', 'start', '--json', '--no-open', ...flags], {
    cwd: repository,
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl(connection),
      ANTHROPIC_API_KEY: '',
      SIGNALBOX_PORT_MODELS: '0',
      SIGNALBOX_PORT_TRADING: '0',
      SIGNALBOX_PORT_DASHBOARD: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  const until = async <T>(what: string, found: () => T | undefined): Promise<T> => {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the host ended before ${what}\n${stdout}\n${stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const urls = until('it listened', () => {
    const line = stdout.split('\n', 1)[0]!;
    if (!stdout.includes('\n')) return undefined;
    const { data } = JSON.parse(line) as { data: { services?: { name: string; url: string }[] } | null };
    return data?.services && Object.fromEntries(data.services.map(({ name, url }) => [name, url]));
  });
  const ready = urls.then(async (found) => {
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the host ended before signals arrived\n${stderr}`);
      const health = (await (await fetch(`${found['models']}/api/health`)).json()) as { clock: { speed: number } };
      if (health.clock.speed > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  for (const promise of [urls, ready]) promise.catch(() => {}); // whoever waits for it hears of it
  return { child, urls, ready, ended, output: () => ({ stdout, stderr }) };
}
