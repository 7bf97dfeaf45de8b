import { isSignalboxError, type ErrorCode } from '@signalbox/core';

/** What the command's exit code says to a script. The one table. */
export const EXIT = Object.freeze({
  ok: 0,
  /** A check failed, or what was asked for was refused. */
  refused: 1,
  usage: 2,
  config: 3,
  port: 4,
  store: 5,
  input: 6,
  internal: 70,
  /** Ended by Ctrl-C: 128 + SIGINT, as shells have it. */
  interrupted: 130,
});

/** Codes whose exit is not that of their kind. */
const BY_CODE: Partial<Record<ErrorCode, number>> = {
  PARAMETER_INVALID: EXIT.usage,
  BIND_REFUSED: EXIT.config,
  PORT_TAKEN: EXIT.port,
  INTERNAL: EXIT.internal,
  ARTIFACT_STORE_DOWN: EXIT.store,
};

const BY_PREFIX: readonly (readonly [RegExp, number])[] = [
  [/^(CONFIG|FEATURE|CALENDAR)_/, EXIT.config],
  [/^(STORE|POSTGRES|PSQL|REDIS)_/, EXIT.store],
  [/^(CSV|INPUT|BACKUP)_|^WORLD_MISMATCH$|_UNKNOWN$/, EXIT.input],
];

export function exitCodeOf(error: unknown): number {
  if (isSignalboxError(error)) {
    return BY_CODE[error.code] ?? BY_PREFIX.find(([pattern]) => pattern.test(error.code))?.[1] ?? EXIT.refused;
  }
  return isAbort(error) ? EXIT.interrupted : EXIT.internal;
}

export function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR');
}
