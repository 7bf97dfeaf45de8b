import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alive } from './postmaster.js';

/** One use of the embedded server. */
export interface Use {
  /** Ends it; `stop` is called when nobody else uses the server. */
  leave(stop: () => Promise<void>): Promise<void>;
}

/**
 * Registers a use of the embedded server, whose last user stops it; undefined while another process stops it.
 * Uses and intents to stop are empty files named after their process. A newcomer writes its use before it looks for intents,
 * a leaver its intent before it looks for uses: so nobody adopts what another is about to stop.
 */
export async function enter(base: string): Promise<Use | undefined> {
  const folder = join(base, 'users');
  const mine = `${nameOf(process.pid)}.${randomUUID()}`;
  const use = join(folder, `use.${mine}`);
  const intent = join(folder, `stop.${mine}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(use, '');
  if (await holds(folder, 'stop')) {
    await rm(use, { force: true });
    return undefined;
  }
  return {
    async leave(stop) {
      await writeFile(intent, '');
      try {
        await rm(use, { force: true });
        if (!(await holds(folder, 'use'))) await stop();
      } finally {
        await rm(intent, { force: true });
      }
    },
  };
}

/** True when a living process has a file of this kind; those of the dead are removed. */
async function holds(folder: string, kind: 'use' | 'stop'): Promise<boolean> {
  let living = false;
  for (const file of await readdir(folder)) {
    const [, owner] = file.split('.');
    if (nameOf(Number(owner?.split('-')[0])) !== owner) await rm(join(folder, file), { force: true });
    else if (file.startsWith(`${kind}.`)) living = true;
  }
  return living;
}

/** Process number and, where the system tells, when it began, for numbers are given again; undefined when it is gone. */
function nameOf(pid: number): string | undefined {
  if (!Number.isInteger(pid) || pid <= 0 || !alive(pid)) return undefined;
  if (process.platform !== 'linux') return `${pid}-0`;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // field 22, counted behind the name in parentheses, which may hold anything
    return `${pid}-${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}
