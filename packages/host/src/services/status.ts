import { isSignalboxError, type ErrorCode } from '@signalbox/core';
import { storeError } from '../stores/postgres/pool.js';
import type { ErrorBody } from './schemas.js';

/** Where an error's code becomes an HTTP status: here and nowhere else. A code that is not listed is a 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_MALFORMED: 400,
  SINCE_INVALID: 400,
  AUTH_REQUIRED: 401,
  AUTH_INVALID: 401,
  LOGIN_REFUSED: 401,
  FORBIDDEN: 403,
  HOST_NOT_ALLOWED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  ROUTE_UNKNOWN: 404,
  SYMBOL_UNKNOWN: 404,
  STRATEGY_UNKNOWN: 404,
  RUN_UNKNOWN: 404,
  JOB_UNKNOWN: 404,
  NO_DATA: 404,
  SIGNAL_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  WORLD_MISMATCH: 409,
  CLOCK_NOT_SIMULATED: 409,
  AUTH_NOT_CONFIGURED: 409,
  BAR_NOT_COMPLETE: 409,
  BAR_NOT_STORED: 409,
  STRATEGY_HAS_PACKAGE: 409,
  STRATEGY_INACTIVE: 409,
  SIGNAL_EXISTS: 409,
  JOB_ENDED: 409,
  JOB_UNDERWAY: 409,
  BODY_TOO_LARGE: 413,
  BODY_NOT_JSON: 415,
  PARAMETER_INVALID: 422,
  INPUT_TIMEZONE: 422,
  RATE_LIMITED: 429,
  LOGIN_THROTTLED: 429,
  BUSY: 503,
  STORE_DOWN: 503,
  STORE_DISK_FULL: 503,
  STORE_READ_ONLY: 503,
  CYCLE_LATE: 503,
  PAGE_NOT_BUILT: 503,
};

const STORE_DOWN = 'the database does not answer';
const TOO_LONG = 'the question takes the database too long; ask for a shorter window, or again later';
const INTERNAL = 'an error inside the host; its log has the details';

/** The answer to an error. What is not one of ours never shows its text: it may hold paths, SQL or secrets. */
export function errorBody(error: unknown): ErrorBody {
  if ((error as { code?: unknown } | null)?.code === '57014')
    return { detail: TOO_LONG, status_code: 503, code: 'BUSY' };
  if (isStoreDown(error)) return { detail: STORE_DOWN, status_code: 503, code: 'STORE_DOWN' };
  if (isSignalboxError(error)) {
    const status = STATUS[error.code];
    // only what a route has thrown on purpose is meant for the caller
    if (status !== undefined)
      return { detail: `${error.message}. ${error.remedy}`, status_code: status, code: error.code };
  }
  return { detail: INTERNAL, status_code: 500, code: 'INTERNAL' };
}

/** Connection lost or refused, server starting or stopping, out of resources, statement timeout. */
function isStoreDown(error: unknown): boolean {
  const known = storeError(error);
  if (isSignalboxError(known))
    return known.code === 'STORE_DOWN' || (known !== error && known.code.startsWith('STORE_'));
  if (!(error instanceof Error)) return false;
  // while the demo begins anew its old pool is closed
  return error.message.startsWith('Cannot use a pool after calling end');
}
