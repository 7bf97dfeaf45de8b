import { isSignalboxError } from '@signalbox/core';
import { isAbort } from './exit-codes.js';
import { progressOf, type Progress } from './progress.js';

/** Where a command writes; a test brings its own. */
export interface Streams {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's own by default. */
  readonly stdin?: AsyncIterable<unknown>;
}

export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** The result goes to stdout, all talk to stderr; with `json` the result is one object and there is no talk. */
export class Terminal {
  constructor(
    private readonly streams: Streams,
    readonly json: boolean,
  ) {}

  /** `text` for people, `data` for `--json`; called once, at the end. */
  result(data: unknown, text: string, ok = true): void {
    this.streams.stdout.write(
      this.json
        ? `${JSON.stringify({ status: ok ? 'ok' : 'error', data, errors: [] })}\n`
        : text === ''
          ? ''
          : `${text}\n`,
    );
  }

  talk(text: string): void {
    if (!this.json) this.streams.stderr.write(`${text}\n`);
  }

  fail(error: unknown): void {
    const problem = problemOf(error);
    if (this.json)
      this.streams.stdout.write(`${JSON.stringify({ status: 'error', data: dataOf(error), errors: [problem] })}\n`);
    else this.streams.stderr.write(`${this.red(problem.code)} ${problem.message}\n  → ${problem.remedy}\n`);
  }

  progress(label: string, unit = ''): Progress {
    return progressOf(
      this.json ? 'silent' : this.streams.stderr.isTTY ? 'bar' : 'lines',
      this.streams.stderr,
      label,
      unit,
    );
  }

  private red(text: string): string {
    const plain = !this.streams.stderr.isTTY || (this.streams.env['NO_COLOR'] ?? '') !== '';
    return plain ? text : `\u001b[31m${text}\u001b[39m`;
  }
}

/** An error that knows more than its message, for `--json`: a report of what was found before the refusal. */
export interface WithData {
  readonly data: unknown;
}

function dataOf(error: unknown): unknown {
  return error instanceof Error && 'data' in error ? (error as Error & WithData).data : null;
}

export function problemOf(error: unknown): Problem {
  if (isSignalboxError(error)) return { code: error.code, message: error.message, remedy: error.remedy };
  if (isAbort(error))
    return {
      code: 'INTERRUPTED',
      message: 'stopped before the end; nothing was left half done',
      remedy: 'Run the command again.',
    };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    message: message || 'an error without a message',
    remedy: 'This is a fault of Signalbox; run with SIGNALBOX_DEBUG=1 to see where.',
  };
}

/** Columns padded to the widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = head.map((cell, i) => Math.max(cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => /^[-+–]?[\d.,]*( ?%)?$/.test(row[i] ?? '')));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(width[i]!) : cell.padEnd(width[i]!)))
      .join('  ')
      .trimEnd();
  return [line(head), width.map((n) => '─'.repeat(n)).join('  '), ...rows.map(line)].join('\n');
}
