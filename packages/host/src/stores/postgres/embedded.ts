import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { SignalboxError } from '@signalbox/core';
import { postgresBinaries } from './binaries.js';
import { clientConfig, type ConnectionOptions } from './connection.js';
import { alive, lastLines, runningPostmaster, type Postmaster } from './postmaster.js';
import { passwordOf, premises, type Premises } from './premises.js';
import { enter, type Use } from './users.js';

/** A PostgreSQL to use: our own, or the one that `DATABASE_URL` names. */
export interface PostgresServer {
  readonly kind: 'embedded' | 'external';
  /** To the database `postgres`, for creating others. */
  readonly admin: ConnectionOptions;
  /** The database that `DATABASE_URL` names; null with the embedded server. */
  readonly database: string | null;
  connection(database: string): ConnectionOptions;
  /** False when it ran already. */
  readonly startedHere: boolean;
  /** Starts the embedded server again if it is gone, and says whether it was; with one of yours there is nothing to do. */
  ensure(): Promise<boolean>;
  /** Ends the use of the server; the embedded one stops with its last user, when nobody else is connected. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly projectDir: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Further settings of the server, e.g. `fsync: 'off'` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Database role of the reference. */
const ROLE = 'admin';
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 10_000;

const SETTINGS: Readonly<Record<string, string>> = {
  max_connections: '60',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // the relay publishes in commit order
  track_commit_timestamp: 'on',
  jit: 'off',
};

/**
 * The PostgreSQL to work with: `DATABASE_URL` if set, else a real server from npm-shipped binaries, started here or adopted
 * when it runs already.
 *
 * @throws SignalboxError POSTGRES_BINARIES_MISSING, POSTGRES_START_FAILED (with the last lines of its log)
 */
export async function startPostgres(options: StartOptions): Promise<PostgresServer> {
  const url = (options.env ?? process.env)['DATABASE_URL'];
  return url ? external(url) : embedded(options);
}

function external(given: string): PostgresServer {
  // libpq allows an empty host beside ?host=/socket/folder, URLs do not
  const url = given.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)\//, '$1localhost/');
  const at = (database: string): ConnectionOptions => {
    const changed = new URL(url);
    changed.pathname = `/${encodeURIComponent(database)}`;
    return { connectionString: changed.href };
  };
  let named: string;
  try {
    named = decodeURIComponent(new URL(url).pathname.slice(1));
  } catch (cause) {
    // the address may hold a password: it is not repeated
    throw new SignalboxError(
      'CONFIG_INVALID',
      'DATABASE_URL is not a URL',
      'Write postgresql://user:password@host:5432/database.',
      {
        cause,
      },
    );
  }
  return {
    kind: 'external',
    admin: at('postgres'),
    database: named || null,
    connection: at,
    startedHere: false,
    ensure: async () => false,
    stop: async () => {},
  };
}

async function embedded({ projectDir, settings = {} }: StartOptions): Promise<PostgresServer> {
  const place = await premises(projectDir);
  const password = place.socket === null ? await passwordOf(place.base) : undefined;
  const optionsOf = ({ port, socket }: Postmaster, database: string): ConnectionOptions =>
    password
      ? { host: '127.0.0.1', port, user: ROLE, database, password: password.password }
      : { host: socket, port, user: ROLE, database };

  const use = await entered(place);
  let running = await up(place, settings, optionsOf, password?.file).catch(async (error: unknown) => {
    await use.leave(async () => {});
    throw error;
  });
  const { startedHere } = running;
  let starting: Promise<boolean> | undefined;
  return {
    kind: 'embedded',
    get admin() {
      return optionsOf(running.postmaster, 'postgres');
    },
    database: null,
    connection: (database) => optionsOf(running.postmaster, database),
    startedHere,
    ensure() {
      // one attempt at a time, whoever notices first
      starting ??= up(place, settings, optionsOf, password?.file)
        .then((again) => {
          running = again;
          return again.startedHere;
        })
        .finally(() => (starting = undefined));
      return starting;
    },
    stop: () => use.leave(() => stop(place, optionsOf(running.postmaster, 'postgres'))),
  };
}

/** Waits for whoever stops the server at this moment. */
async function entered({ base }: Premises): Promise<Use> {
  const until = Date.now() + STOP_DEADLINE_MS + START_DEADLINE_MS;
  for (;;) {
    const use = await enter(base);
    if (use) return use;
    if (Date.now() > until)
      throw new SignalboxError(
        'POSTGRES_START_FAILED',
        'another process stops the embedded PostgreSQL and does not come to an end',
        `End it: its number is in the name of the file ${join(base, 'users', 'stop.*')}.`,
      );
    await sleep(20);
  }
}

/** Adopts the server that runs on the data folder, or starts one. */
async function up(
  place: Premises,
  settings: Readonly<Record<string, string>>,
  optionsOf: (postmaster: Postmaster, database: string) => ConnectionOptions,
  passwordFile?: string,
): Promise<{ readonly postmaster: Postmaster; readonly startedHere: boolean }> {
  const until = Date.now() + START_DEADLINE_MS;
  let child: { exited: boolean } | undefined;
  let startedHere = false;
  for (;;) {
    const postmaster = await runningPostmaster(place.data);
    if (postmaster && (await answers(optionsOf(postmaster, 'postgres')))) {
      return { postmaster, startedHere };
    }
    if (Date.now() > until)
      throw new SignalboxError(
        'POSTGRES_START_FAILED',
        `PostgreSQL did not start within ${START_DEADLINE_MS / 1000} s; its log ends with:\n${await lastLines(place.log, 12)}`,
        `Look into ${place.log}, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).`,
      );
    // A server that starts or stops still holds the folder: wait for it. A child that gave up met one, or has an error to tell.
    if (child?.exited && !postmaster) {
      const said = await lastLines(place.log, 12);
      if (!/lock file|still in use|shutting down|starting up/.test(said))
        throw new SignalboxError(
          'POSTGRES_START_FAILED',
          `PostgreSQL stopped at once; its log ends with:\n${said}`,
          `Look into ${place.log}, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).`,
        );
      child = undefined;
      startedHere = false;
      await sleep(50);
    }
    if (!postmaster && !child) {
      child = await launch(place, settings, passwordFile);
      startedHere = true;
    }
    await sleep(10);
  }
}

/** Makes the cluster if there is none and starts a server on it. */
async function launch(
  place: Premises,
  settings: Readonly<Record<string, string>>,
  passwordFile?: string,
): Promise<{ exited: boolean }> {
  const { native } = await postgresBinaries(join(place.base, 'server'), place.user !== null);
  const program = (name: string): string => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  // nothing of the machine's environment: PGDATA, PGPORT, LC_* and the like change what the server does
  const env: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' };
  for (const name of ['SystemRoot', 'TEMP', 'TMP']) if (process.env[name]) env[name] = process.env[name];
  const as = { cwd: place.base, env, windowsHide: true, ...(place.user ?? {}) };

  if (
    await stat(place.log).then(
      (s) => s.size > 10_000_000,
      () => false,
    )
  )
    await rename(place.log, `${place.log}.1`);
  const log = await open(place.log, 'a', 0o600);
  try {
    if (place.user) await chown(place.log, place.user.uid, place.user.gid);
    if (!existsSync(join(place.data, 'PG_VERSION'))) {
      await sweep(place);
      // made beside its place and renamed: a killed initdb leaves no half cluster
      const fresh = `${place.data}.${randomUUID()}.partial`;
      const args = ['-D', fresh, '-U', ROLE, '-E', 'UTF8', '--locale=C', '--no-instructions'];
      if (passwordFile) args.push('-A', 'scram-sha-256', `--pwfile=${passwordFile}`);
      else args.push('-A', 'trust'); // the socket's folder is what protects it: 0700
      if (settings['fsync'] === 'off') args.push('--no-sync');
      const code = await new Promise<number | string>((resolve) => {
        const initdb = spawn(program('initdb'), args, { ...as, stdio: ['ignore', log.fd, log.fd] });
        initdb.once('error', (error) => resolve(error.message));
        initdb.once('exit', (exit, signal) => resolve(exit ?? String(signal)));
      });
      if (code !== 0)
        throw new SignalboxError(
          'POSTGRES_START_FAILED',
          `initdb failed (${code}); its log ends with:\n${await lastLines(place.log, 12)}`,
          `Look into ${place.log}, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).`,
        );
      await rename(fresh, place.data).catch(async (error: unknown) => {
        await rm(fresh, { recursive: true, force: true });
        if (!existsSync(join(place.data, 'PG_VERSION'))) throw error; // otherwise another host was faster
      });
    }
    const args = ['-D', place.data];
    const set = (name: string, value: string): void => void args.push('-c', `${name}=${value}`);
    for (const [name, value] of Object.entries({ ...SETTINGS, ...settings })) set(name, value);
    if (place.socket !== null) {
      set('listen_addresses', '');
      set('unix_socket_directories', place.socket);
      set('unix_socket_permissions', '0700');
      set('port', '5432');
    } else {
      set('listen_addresses', '127.0.0.1');
      set('port', String(await freePort()));
    }
    // Detached: Ctrl-C reaches the host, which stops the server in order.
    const child = spawn(program('postgres'), args, { ...as, detached: true, stdio: ['ignore', log.fd, log.fd] });
    const seen = { exited: false };
    child.once('error', () => (seen.exited = true));
    child.once('exit', () => (seen.exited = true));
    child.unref();
    return seen;
  } finally {
    await log.close();
  }
}

/** Half-made clusters of starts that were killed. One that is being made now is younger than a minute. */
async function sweep({ base, data }: Premises): Promise<void> {
  for (const name of await readdir(base)) {
    const path = join(dirname(data), name);
    if (!name.startsWith(`${basename(data)}.`) || !name.endsWith('.partial')) continue;
    const made = await stat(path).catch(() => undefined);
    if (made && Date.now() - made.mtimeMs > 60_000) await rm(path, { recursive: true, force: true });
  }
}

async function answers(options: ConnectionOptions): Promise<boolean> {
  const client = new Client({ ...clientConfig(options), connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function stop(place: Premises, admin: ConnectionOptions): Promise<void> {
  const running = await runningPostmaster(place.data);
  if (!running) return;
  const client = new Client({ ...clientConfig(admin), connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    // clients of ours that are just closing are given a moment
    for (let attempt = 0; ; attempt++) {
      const { rows } = await client.query<{ others: number }>(
        `SELECT count(*)::int AS others FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      if (rows[0]!.others === 0) break;
      if (attempt === 5) return; // somebody's psql: the next one to leave stops it
      await sleep(50);
    }
  } catch {
    return; // it is going down already
  } finally {
    await client.end().catch(() => {});
  }
  process.kill(running.pid, 'SIGINT'); // fast shutdown
  const until = Date.now() + STOP_DEADLINE_MS;
  while (Date.now() < until && alive(running.pid)) await sleep(10);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
