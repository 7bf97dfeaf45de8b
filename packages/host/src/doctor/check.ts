import type { Client } from 'pg';
import { isSignalboxError } from '@signalbox/core';
import type { Config } from '../config/config.js';
import type { Plan } from '../inference/plan.js';
import type { Running } from '../observe/running.js';
import type { Discovery } from '../plugins/discover.js';
import type { ConnectionOptions } from '../stores/postgres/connection.js';
import { storeError } from '../stores/postgres/pool.js';

export type Status = 'pass' | 'warn' | 'fail' | 'skip';

/** What a check found; a remedy stands wherever something is to do. */
export interface Finding {
  readonly status: Status;
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Checked extends Finding {
  readonly name: string;
}

/** What checks look at. The database is there only when it could be opened. */
export interface Patient {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly plan: Plan;
  readonly discovered: readonly Discovery[];
  /** The host of this project that runs this world. */
  readonly host: Running | undefined;
  /** Market time, epoch milliseconds; undefined in a demo world whose clock stands still because no host runs. */
  readonly now: number | undefined;
  readonly signal: AbortSignal;
}

export interface OpenPatient extends Patient {
  readonly db: Client;
  readonly database: string;
  readonly connection: ConnectionOptions;
}

export type Check = {
  readonly name: string;
} & (
  | { readonly needs: 'nothing'; readonly run: (patient: Patient) => Promise<Finding> | Finding }
  | { readonly needs: 'database'; readonly run: (patient: OpenPatient) => Promise<Finding> | Finding }
);

export const pass = (detail: string): Finding => ({ status: 'pass', detail, remedy: null });
export const skip = (detail: string, remedy: string | null = null): Finding => ({ status: 'skip', detail, remedy });
export const warn = (detail: string, remedy: string): Finding => ({ status: 'warn', detail, remedy });
export const fail = (detail: string, remedy: string): Finding => ({ status: 'fail', detail, remedy });

/** What a check died of, as a finding. */
export function failed(error: unknown): Finding {
  const known = storeError(error);
  if (isSignalboxError(known)) return fail(`${known.code} ${known.message}`, known.remedy);
  return fail(
    error instanceof Error ? error.message : String(error),
    'The check itself did not come to its end: run it again with SIGNALBOX_DEBUG=1, and see signalbox logs host.',
  );
}

/** `1,234 bars`; `1 bar`. */
export const count = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;

/** The first few of a list, and how many more there are. */
export function some(names: readonly string[], most = 5): string {
  return names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}
