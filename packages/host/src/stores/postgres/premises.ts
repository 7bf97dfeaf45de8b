import { createHash, randomUUID } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignalboxError } from '@signalbox/core';

/** Where the embedded server of one project lives, and as whom it runs. */
export interface Premises {
  readonly base: string;
  readonly data: string;
  readonly log: string;
  /** Folder of the unix socket; null on Windows (loopback instead). */
  readonly socket: string | null;
  /** The user to become; null: stay who we are. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/** Longest folder of a socket: `sun_path` holds 107 bytes (103 on macOS), `/.s.PGSQL.5432` is 14 of them. */
const SOCKET_FOLDER_BYTES = 89;

async function nobody(): Promise<{ uid: number; gid: number }> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const entry = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd);
  // macOS writes nobody as -2; a uid is unsigned
  return entry ? { uid: Number(entry[1]), gid: Number(entry[2]) } : { uid: 65534, gid: 65534 };
}

/** A folder that only its owner can enter, and that is really ours: a path in /tmp can be prepared by anyone. */
async function privateFolder(path: string, user: Premises['user']): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  const owner = user?.uid ?? process.getuid?.();
  if (user && found.uid === 0) await chown(path, user.uid, user.gid);
  else if (!found.isDirectory() || (owner !== undefined && found.uid !== owner))
    throw new SignalboxError(
      'POSTGRES_START_FAILED',
      `${path} belongs to somebody else`,
      `Remove ${path} and start again.`,
    );
  await chmod(path, 0o700);
}

/**
 * PostgreSQL refuses to run as root, and another user can read nothing in root's home: as root it runs as `nobody` in
 * `/var/lib/signalbox`, otherwise in the project.
 */
export async function premises(projectDir: string): Promise<Premises> {
  const project = await realpath(projectDir);
  const hash = createHash('sha256').update(project).digest('hex').slice(0, 16);
  const root = process.getuid?.() === 0;
  const user = root ? await nobody() : null;
  const base = root ? join('/var/lib/signalbox', hash) : join(project, '.signalbox', 'postgres');
  try {
    if (root) await mkdir('/var/lib/signalbox', { recursive: true, mode: 0o755 });
    else await mkdir(join(project, '.signalbox'), { recursive: true });
    await privateFolder(base, user);
    let socket: string | null = null;
    if (process.platform !== 'win32') {
      // the server reads its folder as a comma-separated list with quotes: only plain names are handed over
      const inside = join(base, 'run');
      const plain = /^[\w./-]+$/.test(inside) && Buffer.byteLength(inside) <= SOCKET_FOLDER_BYTES;
      socket = plain ? inside : join(shortTmp(), `signalbox-${process.getuid?.() ?? 0}-${hash}`);
      await privateFolder(socket, user);
    }
    if (root) await writeFile(join(base, 'project'), `${project}\n`);
    return { base, data: join(base, 'data'), log: join(base, 'postgres.log'), socket, user };
  } catch (cause) {
    if (cause instanceof SignalboxError) throw cause;
    throw new SignalboxError(
      'POSTGRES_START_FAILED',
      `no place for the database: ${(cause as Error).message}`,
      `Make ${base} writable, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).`,
      { cause },
    );
  }
}

function shortTmp(): string {
  const path = tmpdir();
  return /^[\w./-]+$/.test(path) && Buffer.byteLength(path) <= 40 ? path : '/tmp';
}

/** Windows has no socket folder to protect the server: a password that only the owner can read. */
export async function passwordOf(base: string): Promise<{ password: string; file: string }> {
  const file = join(base, 'password');
  await writeFile(file, randomUUID() + randomUUID(), { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  return { password: (await readFile(file, 'utf8')).trim(), file };
}
