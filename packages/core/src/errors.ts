/**
 * Every code that Signalbox reports, grouped by what the operator does next. A message names the thing and the place;
 * the remedy names the next step. `docs/errors.md` is checked against this table.
 */
export const ERROR_CODES = {
  // fix the input or the configuration
  CONFIG_INVALID: 'config',
  FEATURE_CONFIG_INVALID: 'config',
  FEATURE_UNKNOWN: 'config',
  FEATURE_VIEW_IN_USE: 'config',
  CALENDAR_UNKNOWN: 'config',
  CSV_MALFORMED: 'input',
  CSV_COLUMN_MISSING: 'input',
  INPUT_NOT_FOUND: 'input',
  INPUT_TIMEZONE: 'input',
  SNAPSHOT_UNUSABLE: 'input',
  BACKUP_INVALID: 'input',
  BACKUP_NEWER: 'input',
  PARAMETER_INVALID: 'input',
  SYMBOL_UNKNOWN: 'input',
  STRATEGY_UNKNOWN: 'input',
  NO_DATA: 'input',
  SIGNAL_UNKNOWN: 'input',
  BUSY: 'machine',
  RUN_UNKNOWN: 'input',
  JOB_UNKNOWN: 'input',
  JOB_ENDED: 'input',
  JOB_UNDERWAY: 'input',
  ROUTE_UNKNOWN: 'input',
  METHOD_NOT_ALLOWED: 'input',
  REQUEST_MALFORMED: 'input',
  BODY_TOO_LARGE: 'input',
  BODY_NOT_JSON: 'input',
  SINCE_INVALID: 'input',
  HOST_NOT_ALLOWED: 'input',
  ORIGIN_NOT_ALLOWED: 'input',
  CLOCK_NOT_SIMULATED: 'input',
  // who asks, and what he may do
  AUTH_REQUIRED: 'input',
  AUTH_INVALID: 'input',
  AUTH_NOT_CONFIGURED: 'input',
  LOGIN_REFUSED: 'input',
  LOGIN_THROTTLED: 'input',
  FORBIDDEN: 'input',
  RATE_LIMITED: 'input',
  PASSWORD_WEAK: 'input',
  USER_UNKNOWN: 'input',
  USER_EXISTS: 'input',
  KEY_UNKNOWN: 'input',
  KEY_EXISTS: 'input',
  BAR_INVALID: 'input',
  BAR_NOT_COMPLETE: 'input',
  BAR_NOT_STORED: 'input',
  STRATEGY_HAS_PACKAGE: 'input',
  STRATEGY_INACTIVE: 'input',
  SIGNAL_EXISTS: 'input',
  WORLD_MISMATCH: 'input',
  // a vendor of data: its key, its limits or its answers
  FEED_REFUSED: 'config',
  FEED_WRONG_INSTRUMENT: 'config',
  FEED_LIMIT: 'machine',
  FEED_DOWN: 'machine',
  FEED_MALFORMED: 'machine',
  // a model or a plugin is at fault
  MODEL_MALFORMED: 'model',
  MODEL_UNSUPPORTED: 'model',
  MODEL_MANIFEST_INVALID: 'model',
  MODEL_HASH_MISMATCH: 'model',
  MODEL_FEATURE_MISMATCH: 'model',
  MODEL_GOLDEN_MISMATCH: 'model',
  MODEL_SIMULATED: 'model',
  MODEL_PICKLE: 'model',
  MODEL_UNVERIFIED: 'model',
  MODEL_UNKNOWN: 'model',
  MODEL_EXISTS: 'model',
  PLUGIN_NOT_INSTALLED: 'plugin',
  PLUGIN_NOT_ALLOWED: 'plugin',
  PLUGIN_INVALID: 'plugin',
  PLUGIN_INCOMPATIBLE: 'plugin',
  STRATEGY_UNAVAILABLE: 'plugin',
  STRATEGY_NONCONFORMING: 'plugin',
  // the machine or a service is at fault; retry after mending it
  HOST_RUNNING: 'machine',
  LEADERSHIP_LOST: 'machine',
  CYCLE_LATE: 'machine',
  JOB_DIED: 'machine',
  PORT_TAKEN: 'machine',
  PAGE_NOT_BUILT: 'machine',
  BIND_REFUSED: 'machine',
  STORE_DOWN: 'machine',
  ARTIFACT_STORE_DOWN: 'machine',
  STORE_AUTH: 'machine',
  STORE_TLS: 'machine',
  STORE_DATABASE_MISSING: 'machine',
  STORE_NOT_PERMITTED: 'machine',
  STORE_READ_ONLY: 'machine',
  STORE_DISK_FULL: 'machine',
  STORE_TOO_OLD: 'machine',
  STORE_NOT_EMPTY: 'machine',
  STORE_NEWER: 'machine',
  STORE_MIGRATION_CHANGED: 'machine',
  POSTGRES_BINARIES_MISSING: 'machine',
  POSTGRES_START_FAILED: 'machine',
  PSQL_MISSING: 'machine',
  REDIS_DOWN: 'machine',
  REDIS_AUTH: 'machine',
  REDIS_REFUSED: 'machine',
  REDIS_TAKEN: 'machine',
  INTERNAL: 'machine',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that a person can act on: what happened and where (`message`), and what to do next (`remedy`). */
export class SignalboxError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  constructor(code: ErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SignalboxError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** True for errors of any copy of core in the process. */
export function isSignalboxError(error: unknown): error is SignalboxError {
  return error instanceof Error && error.name === 'SignalboxError' && 'code' in error && 'remedy' in error;
}

/** Thrown by `create` when a strategy cannot serve (no key, no model): the host lists it as unavailable with the reason. */
export class StrategyUnavailable extends SignalboxError {
  constructor(reason: string, remedy = 'See the README of the strategy.') {
    super('STRATEGY_UNAVAILABLE', reason, remedy);
  }
}
