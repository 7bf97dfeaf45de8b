import { Redis, type RedisOptions } from 'ioredis';
import { SignalboxError } from '@signalbox/core';

/** Where Redis is: `REDIS_URL`, and a password that does not stand in it. */
export interface RedisAddress {
  readonly url: string;
  readonly password?: string;
}

/** Why a connection could not be made: `connect` itself only says that it is closed. */
const lastErrors = new WeakMap<Redis, Error>();

/** Milliseconds that Redis has to answer a command, or to take a connection. */
const PATIENCE_MS = 5_000;

/**
 * A client that queues nothing: while Redis is away a command fails at once, because the outbox is the queue. It reconnects
 * by itself, every second at the slowest. A blocking reader needs one of its own, with `blockMs` added to its patience.
 */
export function openRedis(address: RedisAddress, options: { readonly blockMs?: number } = {}): Redis {
  const settings: RedisOptions = {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: PATIENCE_MS + (options.blockMs ?? 0),
    connectTimeout: PATIENCE_MS,
    keepAlive: 10_000,
    disconnectTimeout: 500,
    retryStrategy: (attempt) => Math.min(1_000, attempt * 50),
    ...(address.password === undefined ? {} : { password: address.password }),
  };
  const redis = new Redis(address.url, settings);
  // told by the command that fails; without a listener ioredis writes to the console
  redis.on('error', (error) => lastErrors.set(redis, error));
  redis.on('ready', () => lastErrors.delete(redis));
  return redis;
}

/** Connects if it never has. @throws REDIS_DOWN, REDIS_AUTH */
export async function connected(redis: Redis): Promise<Redis> {
  if (redis.status === 'ready') return redis;
  try {
    if (redis.status === 'wait') await redis.connect();
  } catch (error) {
    throw redisError(lastErrors.get(redis) ?? error);
  }
  if ((redis.status as string) !== 'ready') throw redisError(lastErrors.get(redis) ?? down());
  return redis;
}

function down(cause?: unknown): SignalboxError {
  return new SignalboxError(
    'REDIS_DOWN',
    'Redis does not answer; events wait in the database',
    'Start it, or correct REDIS_URL; what it missed is sent when it answers.',
    { cause },
  );
}

/** What Redis or the way to it said, as a coded error without the address, which may hold a password. */
export function redisError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SignalboxError) return error;
  const said = error.message;
  if (/WRONGPASS|NOAUTH|invalid password|without any password/i.test(said))
    return new SignalboxError(
      'REDIS_AUTH',
      'Redis refuses the user or the password',
      'Correct REDIS_URL or REDIS_PASSWORD.',
      { cause: error },
    );
  const refused = /\b(READONLY|OOM|MISCONF|NOPERM|WRONGTYPE|NOREPLICAS)\b[^\n]*/.exec(said);
  if (refused)
    return new SignalboxError(
      'REDIS_REFUSED',
      `Redis takes nothing: ${refused[0].slice(0, 200)}`,
      'Mend what it names; what it missed is sent then.',
      { cause: error },
    );
  if (
    /ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENOTFOUND|EAI_|Connection is closed|isn't writeable|Command timed out|max retries|LOADING|MASTERDOWN/i.test(
      `${said} ${String((error as { code?: unknown }).code)} ${error.name}`,
    ) ||
    error.name === 'MaxRetriesPerRequestError' ||
    error.name === 'AbortError'
  )
    return down(error);
  return error;
}
