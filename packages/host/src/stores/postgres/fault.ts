import { SignalboxError, type ErrorCode } from '@signalbox/core';

/** Classes of SQLSTATE that mean "not now": connection, resources, operator, system. */
const UNAVAILABLE = /^(08|53|57P|58)/;
const NETWORK = /^(ECONN|EPIPE|ENOENT|ETIMEDOUT|EHOST|ENOTFOUND|EAI_)/;
const CERTIFICATE =
  /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|CERT_|ERR_TLS|HOSTNAME_MISMATCH)|^EPROTO$|^ERR_SSL/;

interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
}

const quoted = (text: string): string | undefined => /"([^"]{1,63})"/.exec(text)?.[1];

/** What PostgreSQL or the way to it said; never its whole text, which may repeat what was sent. */
function faultOf(state: string, text: string): Fault | undefined {
  if (
    state === '28P01' ||
    (state === '28000' && !/no pg_hba.conf entry|SSL|encryption/i.test(text)) ||
    /SASL|client password must be a string/.test(text)
  )
    return {
      code: 'STORE_AUTH',
      message: `the database refuses the user ${quoted(text) ?? 'or the password'}`,
      remedy: 'Correct user and password in DATABASE_URL.',
    };
  if (state === '28000')
    return {
      code: /no encryption|SSL off/i.test(text) ? 'STORE_TLS' : 'STORE_AUTH',
      message: `the database lets nobody in from here${/no encryption|SSL off/i.test(text) ? ' without TLS' : ''}`,
      remedy: 'Add ?sslmode=require to DATABASE_URL, or a line for this host to the server’s pg_hba.conf.',
    };
  if (/does not support SSL connections/.test(text))
    return {
      code: 'STORE_TLS',
      message: 'the database offers no TLS, and DATABASE_URL asks for it',
      remedy: 'Set up TLS on the server, or use ?sslmode=disable on a network that you trust.',
    };
  if (state === 'ENOENT' && /, open /.test(text))
    return {
      code: 'STORE_TLS',
      message: 'a certificate file that DATABASE_URL names cannot be read',
      remedy: 'Correct sslrootcert, sslcert or sslkey there.',
    };
  if (CERTIFICATE.test(state))
    return {
      code: 'STORE_TLS',
      message: `the certificate of the database is not trusted (${state})`,
      remedy: 'Add &sslrootcert=/path/to/ca.pem to DATABASE_URL; &sslmode=no-verify takes any certificate.',
    };
  if (state === '3D000')
    return {
      code: 'STORE_DATABASE_MISSING',
      message: `there is no database ${quoted(text) ?? 'of that name'}`,
      remedy: `Make it: CREATE DATABASE ${quoted(text) ?? 'name'} ENCODING 'UTF8'.`,
    };
  if (state === '42501')
    return {
      code: 'STORE_NOT_PERMITTED',
      message: `the database role may not do this (${/^permission denied[^\n:]*|^must be [^\n:]*/.exec(text)?.[0].slice(0, 100) ?? 'permission denied'})`,
      remedy: 'Make it the owner: ALTER DATABASE name OWNER TO role.',
    };
  if (state === '25006')
    return {
      code: 'STORE_READ_ONLY',
      message: 'the database takes no writes: a standby, or set read-only',
      remedy: 'Name the primary in DATABASE_URL; after a fail-over work goes on by itself once it is reached.',
    };
  if (state === '53100' || /No space left on device/.test(text))
    return {
      code: 'STORE_DISK_FULL',
      message: 'the disk of the database is full: nothing can be stored or decided, reads go on',
      remedy: 'Free space on it (signalbox maintain helps a little); work goes on by itself.',
    };
  const unreachable =
    UNAVAILABLE.test(state) ||
    NETWORK.test(state) ||
    /Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|connection error and is not queryable/.test(
      text,
    );
  if (unreachable)
    return {
      code: 'STORE_DOWN',
      message: 'the database does not answer',
      remedy: 'Start it again (the embedded one: npm start); work goes on by itself when it answers.',
    };
  return undefined;
}

/** A database error as a coded one where a person can act on it (`STORE_…`, WORLD_MISMATCH); others stay what they are. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof SignalboxError) return error;
  const state = String((error as { code?: unknown }).code ?? '');
  if (state === 'SB001')
    return new SignalboxError(
      'WORLD_MISMATCH',
      error.message.replace(/^WORLD_MISMATCH: /, ''),
      (error as { hint?: string }).hint ?? 'Write them into a database of their own world.',
      { cause: error },
    );
  const fault = faultOf(state, error.message);
  return fault ? new SignalboxError(fault.code, fault.message, fault.remedy, { cause: error }) : error;
}
