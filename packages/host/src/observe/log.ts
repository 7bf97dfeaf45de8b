import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';

export type Log = Logger;

/** The host's log: JSON lines in `.signalbox/logs/host.log`, wall time. Never a password, key or token. */
export function openLog(projectDir: string): Log {
  const folder = join(projectDir, '.signalbox', 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return pino(
    {
      level: 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['password', '*.password', 'databaseUrl', '*.databaseUrl', 'connectionString', '*.connectionString'],
      },
    },
    pino.destination({ dest: join(folder, 'host.log'), mkdir: true, sync: false }),
  );
}
