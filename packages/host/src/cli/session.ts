import { InvalidArgumentError } from 'commander';
import { findProject, loadConfig, type Config, type ConfigFlags } from '../config/config.js';
import type { Streams, Terminal } from './terminal.js';

/** What a command has at hand. */
export interface Session {
  readonly streams: Streams;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly cwd: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  exitCode: number;
}

export function configOf(session: Session, flags: ConfigFlags = {}): Config {
  return loadConfig(findProject(session.cwd), session.streams.env, flags);
}

/** A commander parser of whole numbers in a range. */
export function integer(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `Give a whole number from ${min} on.`
          : `Give a whole number from ${min} to ${max}.`,
      );
    }
    return value;
  };
}

/** A commander parser of numbers in a range; a trailing `x` is allowed, as in `60x`. */
export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text.replace(/x$/, ''));
    if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
      throw new InvalidArgumentError(`Give a number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** A commander parser of days, `YYYY-MM-DD`. */
export function day(text: string): string {
  const moment = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('Give a date as YYYY-MM-DD.');
  return text;
}

/** Examples at the end of a command's help: at least two, whole lines that can be copied. */
export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  signalbox ${line}`).join('\n')}`;
