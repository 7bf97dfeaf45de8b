import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logAnswer, logSocket } from './access-log.js';
import { LogFile } from './log-file.js';
import { followLog, parseLine, readLog } from './log-reader.js';
import { logPath, openLogs } from './log.js';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'signalbox-logs-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('a log', () => {
  it('is one file for each service, readable by its owner alone, without passwords', () => {
    const logs = openLogs(dir);
    logs.service('trading').error({ password: 'canary-1', err: new Error('boom') }, 'an answer failed');
    logs.service('models').info('listening');
    logs.host.info({ connection: { connectionString: 'postgresql://u:canary-2@h/d' } }, 'begins');
    logs.close();
    const folder = join(dir, '.signalbox', 'logs');
    expect(readdirSync(folder).sort()).toEqual(['host.log', 'multi-model-api.log', 'trading-api.log']);
    expect(statSync(folder).mode & 0o077).toBe(0);
    for (const name of readdirSync(folder)) {
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('canary');
    }
    expect(readFileSync(logPath(dir, 'trading-api'), 'utf8')).toContain('boom');
  });

  it('takes no more than its files: the oldest goes, the newest lines stay, in order', async () => {
    const path = join(dir, 'x.log');
    const file = new LogFile(path, { bytes: 1_000, files: 3, linesPerSecond: 1e9 });
    for (let n = 0; n < 500; n++)
      file.write(`${JSON.stringify({ level: 30, time: '2026-01-05T13:00:00Z', msg: `line ${n}` })}\n`);
    file.close();
    expect(readdirSync(dir).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2']);
    for (const name of readdirSync(dir)) expect(statSync(join(dir, name)).size).toBeLessThanOrEqual(1_000);
    const lines = await readLog('x', path, {}, 25);
    expect(lines.map(({ message }) => message)).toEqual(Array.from({ length: 25 }, (_, i) => `line ${475 + i}`));
  });

  it('two hosts write into one log and turn it over: no line goes to a file that is no longer read', () => {
    const path = join(dir, 'x.log');
    const options = { bytes: 50_000, files: 4, linesPerSecond: 1e9 };
    const [a, b] = [new LogFile(path, options), new LogFile(path, options)];
    for (let n = 0; n < 1_000; n++) (n % 2 ? a : b).write(`${n} ${'x'.repeat(90)}\n`);
    a.close();
    b.close();
    const found = readdirSync(dir).flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').filter(Boolean));
    expect(new Set(found.map((line) => line.split(' ')[0])).size).toBe(1_000);
  });

  it('a flood is counted, not written', () => {
    const path = join(dir, 'x.log');
    const file = new LogFile(path, { linesPerSecond: 10 });
    for (let n = 0; n < 1_000; n++) file.write('{"level":30,"msg":"x"}\n');
    file.close();
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    // a second may pass meanwhile
    expect(lines.length).toBeLessThan(40);
    expect(lines.at(-1)).toMatch(/\d+ lines within a second were left out/);
  });

  it('says which requests failed and which WebSockets broke off, never the query', () => {
    const logs = openLogs(dir);
    const log = logs.service('models');
    logAnswer(log, { service: 'models', method: 'GET', route: '/api/health', status: 200, seconds: 0.01 });
    logAnswer(log, { service: 'models', method: 'GET', route: '/api/health', status: 503, seconds: 0.01 });
    logSocket(log, { path: '/ws/trading-signals', code: 1013, reason: 'too slow', seconds: 3 });
    logs.close();
    const lines = readFileSync(logPath(dir, 'multi-model-api'), 'utf8')
      .trim()
      .split('\n')
      .map((text) => parseLine('m', text));
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'an answer failed'],
      ['warn', 'a WebSocket broke off'],
    ]);
    expect(lines[1]!.facts).toMatchObject({ code: 1013, reason: 'too slow' });
  });

  it('in a container every line goes to its output too, with the service that wrote it', () => {
    let out = '';
    const logs = openLogs(dir, { also: { write: (line) => (out += line) } });
    logs.service('analytics').info('listening');
    logs.close();
    expect(JSON.parse(out)).toMatchObject({ service: 'analytics-api', msg: 'listening' });
    expect(readFileSync(logPath(dir, 'analytics-api'), 'utf8')).toBe(out);
  });
});

describe('reading', () => {
  it('filters by level and time; what belongs to a line of PostgreSQL goes with it', async () => {
    const path = join(dir, 'postgres.log');
    const file = new LogFile(path);
    file.write('2026-01-05 13:00:00.000 UTC [1] LOG:  starting\n');
    file.write('2026-01-05 13:00:01.000 UTC [1] ERROR:  relation "x" does not exist\n\tat character 3\n');
    file.write('2026-01-05 13:00:02.000 UTC [1] LOG:  shut down\n\tdetail of it\n');
    file.close();
    const read = async (filter: object) =>
      (await readLog('postgres', path, filter, 100)).map(({ message }) => message.trim());
    expect(await read({ level: 'warn' })).toEqual(['relation "x" does not exist', 'at character 3']);
    expect(await read({ since: Date.parse('2026-01-05T13:00:02Z') })).toEqual(['shut down', 'detail of it']);
  });

  it('follows a log over to its next file without losing a line', async () => {
    const path = join(dir, 'x.log');
    const file = new LogFile(path, { bytes: 2_000, files: 5, linesPerSecond: 1e9 });
    file.write('{"level":30,"msg":"before"}\n');
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { message } of followLog('x', path, {}, stop.signal, 10))
        if (seen.push(message) === 60) stop.abort();
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (let n = 0; n < 60; n++) {
      file.write(`{"level":30,"msg":"line ${n} ${'x'.repeat(30)}"}\n`);
      if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 60));
    }
    await following;
    file.close();
    expect(readdirSync(dir).length, 'it was turned over meanwhile').toBeGreaterThan(1);
    expect(seen.map((text) => text.split(' ')[1])).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
  });
});
