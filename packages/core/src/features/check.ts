import type { ConfigProblem } from './config.js';

/** Collects everything that is wrong with a parsed JSON file, so that one run names all of it. */
export class Checker {
  readonly problems: ConfigProblem[] = [];

  problem(path: string, message: string): undefined {
    this.problems.push({ path, message });
    return undefined;
  }

  record(path: string, value: unknown): Readonly<Record<string, unknown>> | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    return this.problem(path, `must be an object, is ${shown(value)}`);
  }

  /** An object with these keys and no others. */
  object(
    path: string,
    value: unknown,
    required: readonly string[],
    optional: readonly string[] = [],
  ): Readonly<Record<string, unknown>> | undefined {
    const found = this.record(path, value);
    if (!found) return undefined;
    const allowed = [...required, ...optional];
    for (const key of required) if (!(key in found)) this.problem(join(path, key), 'is missing');
    for (const key of Object.keys(found)) {
      if (!allowed.includes(key))
        this.problem(join(path, key), `is unknown; allowed: ${allowed.join(', ') || 'nothing'}`);
    }
    return found;
  }

  list(path: string, value: unknown): readonly unknown[] | undefined {
    if (Array.isArray(value) && value.length > 0) return value;
    return this.problem(path, `must be a list with at least one item, is ${shown(value)}`);
  }

  text(path: string, value: unknown, pattern: RegExp, wanted: string): value is string {
    if (typeof value === 'string' && pattern.test(value)) return true;
    this.problem(path, `must be ${wanted}, is ${shown(value)}`);
    return false;
  }

  oneOf<T extends string>(path: string, value: unknown, allowed: readonly T[]): value is T {
    if (typeof value === 'string' && (allowed as readonly string[]).includes(value)) return true;
    this.problem(path, `must be one of ${allowed.join(', ')}, is ${shown(value)}`);
    return false;
  }

  integer(path: string, value: unknown, minimum: number, maximum: number): value is number {
    if (Number.isInteger(value) && (value as number) >= minimum && (value as number) <= maximum) return true;
    this.problem(path, `must be an integer from ${minimum} to ${maximum}, is ${shown(value)}`);
    return false;
  }

  numberWithin(path: string, value: unknown, minimum: number, maximum: number): value is number {
    if (typeof value === 'number' && value >= minimum && value <= maximum) return true;
    this.problem(path, `must be a number from ${minimum} to ${maximum}, is ${shown(value)}`);
    return false;
  }

  number(path: string, value: unknown): value is number {
    if (Number.isFinite(value)) return true;
    this.problem(path, `must be a number, is ${shown(value)}`);
    return false;
  }

  notes(path: string, value: unknown): void {
    if (value === undefined || (Array.isArray(value) && value.every((item) => typeof item === 'string'))) return;
    this.problem(path, `must be a list of texts, is ${shown(value)}`);
  }
}

function join(path: string, key: string): string {
  return path ? `${path}.${key}` : key;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
