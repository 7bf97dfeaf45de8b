import { readFile, readlink, rm } from 'node:fs/promises';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** What a running server says of itself in `postmaster.pid`. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socket: string;
  readonly ready: boolean;
}

/** A process that has ended and waits to be collected (in a container perhaps for ever) is not alive. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The server that holds the data folder, or undefined. A file left by a killed server is removed when its number now
 * belongs to somebody else: PostgreSQL itself would refuse to start then, and in a container numbers repeat at every start.
 */
export async function runningPostmaster(data: string): Promise<Postmaster | undefined> {
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (!alive(pid)) return undefined; // PostgreSQL clears such a file itself
  if (process.platform === 'linux') {
    // a postmaster's working directory is its data folder
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    if (cwd !== undefined && cwd !== realpathSync(data)) {
      await rm(file, { force: true });
      return undefined;
    }
  }
  return {
    pid,
    port: Number(lines[3] ?? 5432),
    socket: lines[4]?.trim() ?? '',
    ready: lines[7]?.trim() === 'ready',
  };
}

export async function lastLines(file: string, count: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
