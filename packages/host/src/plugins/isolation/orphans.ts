import { readdirSync, readFileSync } from 'node:fs';
import { alive } from '../../stores/postgres/postmaster.js';

/**
 * Ends processes of plugins whose host is gone: one that hangs in a loop does not notice that its pipe was closed by a host
 * that was killed. Only where there is /proc. @returns how many were ended
 */
export function endOrphans(childEntry: string): number {
  if (process.platform !== 'linux') return 0;
  let ended = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const at = words.indexOf(childEntry);
      const host = Number(words[at + 1]);
      if (at < 0 || !Number.isInteger(host) || host <= 0 || alive(host)) continue;
      process.kill(Number(pid), 'SIGKILL');
      ended++;
    } catch {
      // gone meanwhile, or another user's
    }
  }
  return ended;
}
