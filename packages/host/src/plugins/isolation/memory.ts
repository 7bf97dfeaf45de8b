import { readFileSync } from 'node:fs';
import { execFile } from 'node:child_process';

/** Milliseconds between two looks at the memory of each process. */
const STEP_MS = 50;
/** Where there is no /proc, `ps` is asked, which costs a process. */
const SLOW_STEP_MS = 1_000;

interface Watched {
  readonly limit: number;
  readonly onOver: (bytes: number) => void;
}
const watched = new Map<number, Watched>();
let timer: NodeJS.Timeout | undefined;

/**
 * Calls `onOver` once when the resident memory of a process passes `limit` bytes: off-heap memory too, which no limit of the
 * JavaScript heap sees. On Windows nothing is watched. @returns how to stop
 */
export function watchMemory(pid: number, limit: number, onOver: (bytes: number) => void): () => void {
  watched.set(pid, { limit, onOver });
  if (process.platform !== 'win32')
    timer ??= setInterval(look, process.platform === 'linux' ? STEP_MS : SLOW_STEP_MS).unref();
  return () => {
    watched.delete(pid);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Resident bytes of a process of ours; null when it is gone, or where there is no /proc. */
export function residentBytes(pid: number): number | null {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kilobytes === undefined ? null : Number(kilobytes) * 1024;
  } catch {
    return null;
  }
}

function look(): void {
  if (process.platform === 'linux') {
    for (const pid of [...watched.keys()]) judge(pid, residentBytes(pid));
    return;
  }
  execFile('ps', ['-o', 'pid=,rss=', '-p', [...watched.keys()].join(',')], (_, stdout) => {
    for (const line of String(stdout).split('\n')) {
      const [pid, kilobytes] = line.trim().split(/\s+/).map(Number);
      if (pid && kilobytes) judge(pid, kilobytes * 1024);
    }
  });
}

function judge(pid: number, bytes: number | null): void {
  const entry = watched.get(pid);
  if (!entry || bytes === null || bytes <= entry.limit) return;
  watched.delete(pid);
  entry.onOver(bytes);
}
