import { mkdtempSync, writeFileSync, rmSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProject, loadConfig, printable } from './config.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const write = (content: unknown): void =>
  writeFileSync(join(dir, 'signalbox.config.json'), typeof content === 'string' ? content : JSON.stringify(content));

describe('loadConfig', () => {
  it('without a file: the demo world, the default ports (which may give way), loopback, the embedded database', () => {
    const config = loadConfig(dir);
    expect(config).toMatchObject({ world: 'demo', bind: '127.0.0.1', databaseUrl: null, file: null, features: null });
    expect(config.services.models).toEqual({ port: 8006, configured: false, enabled: true });
    expect(config.services.trading.port).toBe(8000);
    expect(config.services.dashboard.port).toBe(5000);
    expect(config.instruments[0].symbol).toBe('USD/COP');
  });

  it('a flag beats the environment, the environment beats the file', () => {
    write({ world: 'demo', services: { models: { port: 9000 }, trading: { port: 9001 } } });
    const env = { SIGNALBOX_WORLD: 'market', SIGNALBOX_PORT_MODELS: '9100' };
    expect(loadConfig(dir, env).world).toBe('market');
    expect(loadConfig(dir, env).services.models).toEqual({ port: 9100, configured: true, enabled: true });
    expect(loadConfig(dir, env).services.trading).toEqual({ port: 9001, configured: true, enabled: true });
    expect(loadConfig(dir, env, { world: 'demo', portOffset: 7 })).toMatchObject({
      world: 'demo',
      services: { models: { port: 9107 } },
    });
  });

  it('a service that is switched off does not listen; those that are named run alone', () => {
    write({ services: { trading: { enabled: false } } });
    const on = (...given: Parameters<typeof loadConfig> extends [string, ...infer R] ? R : never): string[] =>
      Object.entries(loadConfig(dir, ...given).services)
        .filter(([, { enabled }]) => enabled)
        .map(([name]) => name);
    expect(on()).toEqual(['models', 'analytics', 'dashboard']);
    expect(on({ SIGNALBOX_SERVICES: 'analytics' })).toEqual(['analytics']);
    expect(on({}, { services: ['trading', 'models'] })).toEqual(['models', 'trading']);
    expect(() => on({}, { services: ['trade'] })).toThrowError(/--services: there is no service trade/);
    write({
      services: Object.fromEntries(['models', 'trading', 'analytics', 'dashboard'].map((n) => [n, { enabled: false }])),
    });
    expect(() => on()).toThrowError(/every service is switched off/);
  });

  it('names an unknown key with its path, the nearest and the allowed names', () => {
    write({ services: { model: { port: 1 } } });
    expect(() => loadConfig(dir)).toThrowError(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(
          /"services\.model" \(did you mean "models"\?\); allowed are models, trading, analytics, dashboard/,
        ),
      }),
    );
  });

  it('reports all wrong values together', () => {
    write({ world: 'paper', services: { models: { port: 99_999 } }, plugins: 'one' });
    const failed = (): unknown => {
      try {
        return loadConfig(dir);
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(failed()).toMatch(/world is "paper", allowed is "demo" or "market"/);
    expect(failed()).toMatch(/services\.models\.port is 99999/);
    expect(failed()).toMatch(/plugins is "one"/);
  });

  it('refuses a file that is no JSON, a wrong port and a wrong database URL by name', () => {
    write('{ "world": ');
    expect(() => loadConfig(dir)).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    write({});
    expect(() => loadConfig(dir, { SIGNALBOX_PORT_MODELS: 'x' })).toThrowError(/SIGNALBOX_PORT_MODELS|models is x/);
    expect(() => loadConfig(dir, { DATABASE_URL: 'mysql://x' })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('refuses an address that others can reach', () => {
    expect(() => loadConfig(dir, { SIGNALBOX_BIND: '0.0.0.0' })).toThrowError(
      expect.objectContaining({ code: 'BIND_REFUSED' }),
    );
    write({ bind: '192.168.0.4' });
    expect(() => loadConfig(dir)).toThrowError(expect.objectContaining({ code: 'BIND_REFUSED' }));
    for (const bind of ['::', '0', 'localhost', '127.1', '127.0.0.1.example.org', '::ffff:127.0.0.1', '0x7f.1'])
      expect(() => loadConfig(dir, { SIGNALBOX_BIND: bind })).toThrowError(
        expect.objectContaining({ code: 'BIND_REFUSED' }),
      );
    expect(loadConfig(dir, { SIGNALBOX_BIND: '::1' }).access.required).toBe(false);
  });

  it('takes such an address when callers have to say who they are', () => {
    write({ bind: '0.0.0.0', authentication: 'required', allowedHosts: ['signals.example.org'], https: true });
    const { bind, access } = loadConfig(dir);
    expect(bind).toBe('0.0.0.0');
    expect(access).toEqual({ required: true, https: true, allowedHosts: ['signals.example.org'] });
    expect(() => loadConfig(dir, { SIGNALBOX_AUTHENTICATION: 'none' })).toThrowError(
      expect.objectContaining({ code: 'BIND_REFUSED' }),
    );
    expect(() => loadConfig(dir, { SIGNALBOX_AUTHENTICATION: 'yes' })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  it('prints no password', () => {
    const config = loadConfig(dir, { DATABASE_URL: 'postgresql://me:secret@db:5432/x' });
    expect(config.databaseUrl).toContain('secret');
    expect(JSON.stringify(printable(config))).not.toContain('secret');
  });
});

describe('findProject', () => {
  it('takes the nearest folder above with a configuration file, before one with a package.json', () => {
    write({});
    mkdirSync(join(dir, 'a', 'b'), { recursive: true });
    writeFileSync(join(dir, 'a', 'package.json'), '{}');
    expect(findProject(join(dir, 'a', 'b'))).toBe(dir);
  });
});
