import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { newKey, newToken } from '../security/secrets.js';
import { openLogs } from './log.js';
import { redactor, secretsOf } from './redact.js';

const ENV = {
  DATABASE_URL: 'postgresql://me:canary-p%40ss@db:5432/x?sslpassword=canary-ssl',
  REDIS_URL: 'redis://:canary-redis@cache:6379',
  REDIS_PASSWORD: 'canary"quoted\\redis',
  MINIO_SECRET_KEY: 'canary-minio',
  ANTHROPIC_API_KEY: 'canary-anthropic',
  TWELVEDATA_API_KEY: 'canary-twelve',
  SIGNALBOX_WORLD: 'demo',
  HOME: '/home/me',
};

describe('secrets', () => {
  it('are found by the names of the environment and in addresses, and nothing else is', () => {
    expect(secretsOf(ENV).sort()).toEqual(
      [
        'canary-p%40ss',
        'canary-p@ss',
        'canary-ssl',
        'canary-redis',
        'canary"quoted\\redis',
        'canary-minio',
        'canary-anthropic',
        'canary-twelve',
      ].sort(),
    );
  });

  it('leave a text however they are written', () => {
    const redact = redactor(secretsOf(ENV));
    for (const secret of secretsOf(ENV))
      for (const written of [secret, JSON.stringify({ secret }), encodeURIComponent(secret), `x${secret}y`])
        expect(redact(`before ${written} after`)).not.toContain('canary');
    expect(redact('nothing here')).toBe('nothing here');
  });

  it('that look like ones are taken out unknown: keys, logins, tickets, addresses with a password', () => {
    const redact = redactor([]);
    const token = newToken();
    const { key } = newKey();
    for (const text of [
      key,
      `Authorization: Bearer ${token}`,
      `cookie: a=b; signalbox=${token}; c=d`,
      `__Host-signalbox=${token}`,
      `GET /ws?since=3&ticket=${token}`,
      `connect to amqp://user:${token}@host/`,
    ])
      expect(redact(text)).not.toContain(key === text ? key.slice(13) : token);
  });

  it('reach no log file, by whichever way they come: field, error, cause, stack, header', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'signalbox-log-'));
    try {
      const logs = openLogs(dir, { env: ENV });
      const log = logs.host;
      for (const secret of secretsOf(ENV)) {
        log.info({ password: secret, deep: { authorization: secret, other: { cookie: secret } } }, 'fields');
        log.warn({ whatever: secret, list: [secret] }, `text ${secret}`);
        log.error({ err: new Error(`it failed: ${secret}`, { cause: new Error(secret) }) }, 'error');
        log.error(new Error(secret));
      }
      const { key } = newKey();
      log.info({ headers: { 'x-other': key } }, key);
      const lines = 4 * secretsOf(ENV).length + 1;
      let text = '';
      await vi.waitFor(() => {
        text = readFileSync(join(dir, '.signalbox', 'logs', 'host.log'), 'utf8');
        expect(text.trim().split('\n')).toHaveLength(lines);
      }, 5_000);
      for (const line of text.trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
      expect(text).not.toContain('canary');
      expect(text).not.toContain(key.slice(13));
      logs.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
