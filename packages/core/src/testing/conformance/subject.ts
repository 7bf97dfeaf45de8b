import type { AnySession, AnyStrategy, Artifact } from '../../strategies/contract.js';
import type { Seat } from '../../strategies/seat.js';
import { isSignalboxError } from '../../errors.js';
import type { ValidateSchema } from '../schema.js';
import type { World } from '../world.js';
import type { Tape } from './tape.js';

/** What the cases look at: a definition, its configuration, and the tape of bars that it is shown. */
export interface Subject {
  readonly definition: AnyStrategy;
  /** Valid, defaults filled in. */
  readonly config: unknown;
  readonly artifacts: Readonly<Record<string, Artifact>>;
  readonly world: World;
  readonly seat: Seat;
  readonly members: readonly string[];
  readonly tape: Tape;
  /** The tape of the same world after which everything from `cut` on was replaced. */
  readonly deadlineMs: number;
  /** Bars after which a strategy with state must have forgotten where it began. */
  readonly settleBars: number;
  readonly validate: ValidateSchema;
  /** Wall milliseconds, for measuring only. */
  readonly now: () => number;
  open(change?: { saved?: unknown; artifacts?: Readonly<Record<string, Artifact>> }): Promise<AnySession>;
}

/** What a case found. `skip` is not applicable, or not run because of another case. */
export interface Verdict {
  readonly status: 'pass' | 'fail' | 'skip';
  readonly detail: string;
}

export const pass = (detail: string): Verdict => ({ status: 'pass', detail });
export const fail = (detail: string): Verdict => ({ status: 'fail', detail });
export const skip = (detail: string): Verdict => ({ status: 'skip', detail });

/** One rule of the contract. */
export interface Case {
  /** Short, stable: what people and hosts name it by. */
  readonly name: string;
  /** The rule in one sentence. */
  readonly rule: string;
  /** Cases without which this one means nothing. */
  readonly needs: readonly string[];
  run(subject: Subject): Verdict | Promise<Verdict>;
}

/** One line, whatever was thrown. */
export function describe(error: unknown): string {
  try {
    const text = isSignalboxError(error) ? `${error.code}: ${error.message}` : String(error);
    return text.length > 200 ? `${text.slice(0, 199)}…` : text;
  } catch {
    return 'an error that cannot be shown';
  }
}

export const at = (time: number): string => new Date(time).toISOString();
