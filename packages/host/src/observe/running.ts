import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A running host, as other commands of the same project find it. */
export interface Running {
  readonly pid: number;
  /** Address by service. */
  readonly services: Readonly<Record<string, string>>;
}

const fileOf = (projectDir: string, database: string): string =>
  join(projectDir, '.signalbox', 'running', `${database.replaceAll(/[^\w.-]/g, '_')}.json`);

/** Says where the host of a world listens. Returns how to take it back. */
export function announce(projectDir: string, database: string, running: Running): () => void {
  const file = fileOf(projectDir, database);
  mkdirSync(join(projectDir, '.signalbox', 'running'), { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify(running), { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

/** The host that runs a world of this project; undefined when none does. */
export function findRunning(projectDir: string, database: string): Running | undefined {
  try {
    const running = JSON.parse(readFileSync(fileOf(projectDir, database), 'utf8')) as Running;
    process.kill(running.pid, 0);
    return running;
  } catch (error) {
    // another user's process is alive as well
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
    return JSON.parse(readFileSync(fileOf(projectDir, database), 'utf8')) as Running;
  }
}
