import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_CODES, SignalboxError, type ErrorCode } from '@signalbox/core';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { programOf, run } from './index.js';
import { table, Terminal } from './terminal.js';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-cli-'));
  writeFileSync(join(dir, 'package.json'), '{}');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function cli(args: string[], env: Record<string, string> = {}, isTTY = false): Promise<Ran> {
  let out = '';
  let err = '';
  const streams = {
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text), isTTY },
    env,
  };
  const code = await run(args, streams, dir);
  return { code, out, err };
}

const streams = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {} };
const program = programOf({
  streams,
  terminal: new Terminal(streams, false),
  json: false,
  cwd: '/',
  signal: new AbortController().signal,
  exitCode: 0,
});
function leaves(command: Command, path: string[] = []): { path: string[]; command: Command }[] {
  return command.commands.length === 0
    ? [{ path, command }]
    : command.commands.flatMap((child) => leaves(child, [...path, child.name()]));
}

describe('the command line', () => {
  it.each(leaves(program).map(({ path, command }) => [path.join(' '), command] as const))(
    '%s has --json, a description and help with two examples of itself',
    async (path, command) => {
      expect(command.options.map((option) => option.long)).toContain('--json');
      expect(command.description()).not.toBe('');
      const { code, out, err } = await cli([...path.split(' '), '--help']);
      expect(code).toBe(EXIT.ok);
      expect(out).toContain('Usage: signalbox');
      expect(out.split(`signalbox ${path}`).length - 2, 'its usage, and two examples at least').toBeGreaterThanOrEqual(
        2,
      );
      expect(err).toBe('');
    },
  );

  it('suggests the nearest command, and exits with 2 for a slip', async () => {
    const { code, out, err } = await cli(['exprt']);
    expect(code).toBe(EXIT.usage);
    expect(out).toBe('');
    expect(err).toContain('Did you mean export?');
    expect((await cli(['backtest', '--form', 'x'])).err).toContain('Did you mean --from?');
    expect((await cli(['backtest', '--from', 'monday'])).code).toBe(EXIT.usage);
  });

  it('a command that there is not has no help: it is refused, with the nearest one', async () => {
    for (const args of [
      ['exprt', '--help'],
      ['help', 'exprt'],
      ['--help', 'exprt'],
      ['exprt', '-h', '--json'],
    ]) {
      const { code, out, err } = await cli(args);
      expect(code, args.join(' ')).toBe(EXIT.usage);
      expect(args.includes('--json') ? out : err).toContain('Did you mean export?');
    }
    expect((await cli(['models', 'prmote', '--help'])).err).toContain('Did you mean promote?');
    expect((await cli(['help', 'models', 'promote'])).code).toBe(EXIT.ok);
    expect((await cli(['help'])).code).toBe(EXIT.ok);
  });

  it('the table of exit codes in docs/commands.md is the one that holds', () => {
    const text = readFileSync(new URL('../../../../docs/commands.md', import.meta.url), 'utf8');
    const table = [...text.matchAll(/^\| *(\d+) *\| *`(\w+)`/gm)].map(([, code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(table)).toEqual({ ...EXIT });
  });

  it('docs/commands.md names every command', () => {
    const text = readFileSync(new URL('../../../../docs/commands.md', import.meta.url), 'utf8');
    for (const command of program.commands) expect(text).toContain(`\`${command.name()}`);
  });

  it('--json prints one object on stdout and nothing else, whatever happens', async () => {
    for (const args of [
      ['config', 'print', '--json'],
      ['exprt', '--json'],
      ['ingest', 'bars', 'absent.csv', '--json'],
      ['export', '--json'],
      ['export', '--out', 'x.parquet', '--json'],
      ['demo', 'speed', 'fast', '--json'],
    ]) {
      const { code, out, err } = await cli(args);
      const parsed = JSON.parse(out) as {
        status: string;
        data: unknown;
        errors: { code: string; message: string; remedy: string }[];
      };
      expect(Object.keys(parsed)).toEqual(['status', 'data', 'errors']);
      expect(parsed.status).toBe(code === 0 ? 'ok' : 'error');
      expect(parsed.errors).toHaveLength(code === 0 ? 0 : 1);
      for (const error of parsed.errors)
        expect([error.code, error.message, error.remedy].every((text) => text.length > 0)).toBe(true);
      expect(err, args.join(' ')).toBe('');
    }
  });

  it('an error is what happened, where and the remedy, on stderr; colour only on a terminal without NO_COLOR', async () => {
    const { code, out, err } = await cli(['ingest', 'bars', 'absent.csv', '--dry-run']);
    expect(code).toBe(EXIT.input);
    expect(out).toBe('');
    expect(err).toMatch(/INPUT_NOT_FOUND there is no file .*absent\.csv\n {2}→ Check the path/);
    const escape = '\u001b';
    expect(err).not.toContain(escape);
    expect((await cli(['export', '--out', 'x'], {}, true)).err).toContain(escape);
    expect((await cli(['export', '--out', 'x'], { NO_COLOR: '1' }, true)).err).not.toContain(escape);
  });

  it('a wrong configuration exits with 3, naming the key', async () => {
    writeFileSync(join(dir, 'signalbox.config.json'), '{"worlds": "demo"}');
    const { code, err } = await cli(['config', 'print']);
    rmSync(join(dir, 'signalbox.config.json'));
    expect(code).toBe(EXIT.config);
    expect(err).toContain('did you mean "world"');
  });

  it('rows of a file are refused for a demo world before anything is opened', async () => {
    writeFileSync(join(dir, 'bars.csv'), 'time,open,high,low,close\n');
    const { code, err } = await cli(['ingest', 'bars', 'bars.csv', '--world', 'demo']);
    expect(code).toBe(EXIT.input);
    expect(err).toContain('WORLD_MISMATCH');
  });

  it('demo commands are POSTs to the clock of the running host', async () => {
    const bodies: unknown[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        bodies.push([request.method, request.url, JSON.parse(body)]);
        response.end(JSON.stringify({ mode: 'replay', speed: 120, now: '2026-01-05T13:00:00.000Z' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    expect((await cli(['demo', 'pause', '--port', port])).code).toBe(EXIT.ok);
    expect((await cli(['demo', 'speed', '120x', '--port', port])).out).toContain('120×');
    await new Promise((resolve) => server.close(resolve));
    expect(bodies).toEqual([
      ['POST', '/api/clock', { action: 'pause' }],
      ['POST', '/api/clock', { action: 'speed', speed: 120 }],
    ]);
    const { code, err } = await cli(['demo', 'pause', '--port', port]);
    expect(code).not.toBe(EXIT.ok);
    expect(err).toContain('signalbox start');
  });
});

describe('exit codes', () => {
  it('every error code has one, by what a script can do about it', () => {
    const of = (code: ErrorCode): number => exitCodeOf(new SignalboxError(code, 'x', 'y'));
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) expect(Object.values(EXIT)).toContain(of(code));
    expect(of('CONFIG_INVALID')).toBe(3);
    expect(of('PORT_TAKEN')).toBe(4);
    expect(of('STORE_DOWN')).toBe(5);
    expect(of('CSV_MALFORMED')).toBe(6);
    expect(of('WORLD_MISMATCH')).toBe(6);
    expect(of('MODEL_GOLDEN_MISMATCH')).toBe(1);
    expect(exitCodeOf(new TypeError('a fault of ours'))).toBe(70);
  });
});

it('tables set numbers to the right', () => {
  expect(
    table(
      ['a', 'n'],
      [
        ['x', '1'],
        ['yy', '-10.5'],
      ],
    ),
  ).toBe('a       n\n──  ─────\nx       1\nyy  -10.5');
});
