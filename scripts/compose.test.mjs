import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import yaml from 'js-yaml';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = yaml.load(text);
const dotenv = readFileSync(join(root, '.env.example'), 'utf8');
const SERVICES = {
  'trading-api': 'trading',
  'multi-model-api': 'models',
  'analytics-api': 'analytics',
  dashboard: 'dashboard',
};
const STORES = ['postgres', 'redis', 'minio'];
/** Keys of a service in the Compose Specification that are used here: a slip in one would be refused, or ignored. */
const KEYS = [
  'image',
  'build',
  'network_mode',
  'init',
  'restart',
  'cap_drop',
  'security_opt',
  'stop_grace_period',
  'environment',
  'depends_on',
  'logging',
  'command',
  'healthcheck',
  'ports',
  'volumes',
  'shm_size',
];

describe('docker-compose.yml', { timeout: 120_000 }, () => {
  it('has the reference’s services under their names, and no other', () => {
    expect(Object.keys(compose.services).sort()).toEqual([...Object.keys(SERVICES), ...STORES].sort());
    for (const service of Object.values(compose.services)) {
      for (const key of Object.keys(service)) expect(KEYS).toContain(key);
      for (const key of Object.keys(service.healthcheck ?? {}))
        expect(['test', 'interval', 'timeout', 'retries', 'start_period']).toContain(key);
    }
    for (const volume of STORES.flatMap((name) => compose.services[name].volumes))
      expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0]);
  });

  it('each service runs what it is named after, with the stores of this file, and waits for them', () => {
    for (const [name, own] of Object.entries(SERVICES)) {
      const { command, environment, depends_on: waits, network_mode: network, ports } = compose.services[name];
      expect(command).toEqual(['start', '--no-open', '--services', own]);
      expect(Object.keys(waits).sort()).toEqual([...STORES].sort());
      for (const store of Object.keys(waits))
        expect(waits[store].condition === 'service_healthy' ? compose.services[store].healthcheck : {}).toBeTruthy();
      expect(environment.SIGNALBOX_WORLD).toBe('market');
      // on the loopback of the machine no key is needed; published from a network of its own one would be
      expect([network, environment.SIGNALBOX_BIND, ports]).toEqual(['host', undefined, undefined]);
    }
    const [{ environment }] = Object.keys(SERVICES).map((name) => compose.services[name]);
    expect([
      environment.SIGNALBOX_PORT_TRADING,
      environment.SIGNALBOX_PORT_ANALYTICS,
      environment.SIGNALBOX_PORT_MODELS,
      environment.SIGNALBOX_PORT_DASHBOARD,
    ]).toEqual(['8000', '8001', '8006', '5000']);
  });

  it('the command line takes each command as it stands there', () => {
    for (const name of Object.keys(SERVICES)) {
      const { command } = compose.services[name];
      // --help instead of a start: a flag that there is not is refused before
      const help = spawnSync(process.execPath, [join(root, 'packages/host/bin/signalbox.js'), command[0], '--help'], {
        encoding: 'utf8',
      });
      for (const flag of command.filter((word) => word.startsWith('--'))) expect(help.stdout).toContain(flag);
    }
  });

  it('the host reads its configuration out of it, without a password in what it prints', () => {
    const filled = Object.fromEntries(
      Object.entries(compose.services['trading-api'].environment).map(([key, value]) => [
        key,
        String(value).replace(/\$\{(\w+):[?-][^}]*\}/g, (_, name) =>
          name === 'MINIO_ROOT_USER' ? 'minioadmin' : `canary${name}`,
        ),
      ]),
    );
    const shown = spawnSync(
      process.execPath,
      [join(root, 'packages/host/bin/signalbox.js'), 'config', 'print', '--json'],
      {
        cwd: root,
        env: { PATH: process.env.PATH, ...filled },
        encoding: 'utf8',
      },
    );
    expect(JSON.parse(shown.stdout)).toMatchObject({
      status: 'ok',
      data: {
        world: 'market',
        databaseUrl: 'postgresql://admin:***@127.0.0.1:5432/usdcop_trading?sslmode=disable',
        redis: { url: 'redis://127.0.0.1:6379', password: '***' },
        artifacts: { kind: 's3', endPoint: '127.0.0.1', port: 9000, secretKey: '***' },
        services: {
          trading: { port: 8000, configured: true },
          models: { port: 8006 },
          analytics: { port: 8001 },
          dashboard: { port: 5000 },
        },
      },
    });
    expect(shown.stdout + shown.stderr).not.toContain('canary');
  });

  it('holds no secret and publishes nothing beyond this machine; what it asks for stands in .env.example', () => {
    for (const [, name] of text.matchAll(/\$\{(\w+)[:}]/g)) expect(dotenv).toMatch(new RegExp(`^${name}=`, 'm'));
    for (const line of dotenv.split('\n'))
      if (/^\w*(PASSWORD|KEY)=/.test(line)) expect(line.endsWith('='), line).toBe(true);
    for (const port of STORES.flatMap((name) => compose.services[name].ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(compose.services.minio.ports).toContain('127.0.0.1:9001:9001');
    expect(compose.services.minio.command).toContain(':9001');
    expect(compose.services.postgres.environment).toMatchObject({
      POSTGRES_USER: 'admin',
      POSTGRES_DB: 'usdcop_trading',
    });
    for (const { image } of Object.values(compose.services)) expect(image).not.toMatch(/:latest$|^[^:]+$/);
  });
});

describe('Dockerfile', () => {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ').split('\n');

  it('builds in one stage, runs in another, not as root, and starts what is there', () => {
    expect(lines.filter((line) => line.startsWith('FROM '))).toHaveLength(2);
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    expect(last.find((line) => line.startsWith('USER '))).toBe('USER node');
    expect(last.findIndex((line) => line.startsWith('USER '))).toBeLessThan(
      last.findIndex((line) => line.startsWith('ENTRYPOINT ')),
    );
    expect(JSON.parse(last.find((line) => line.startsWith('ENTRYPOINT ')).slice(11))[1]).toBe(
      '/app/packages/host/bin/signalbox.js',
    );
    expect(existsSync(join(root, 'packages/host/bin/signalbox.js'))).toBe(true);
    const { engines, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect([engines.node, typeof scripts.build]).toEqual(['>=20.19', 'string']);
    expect(lines[lines.findIndex((line) => line.startsWith('FROM '))]).toMatch(/^FROM node:2[2-9]/);
  });

  it('takes no secret and nothing built elsewhere along', () => {
    const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    for (const path of ['.git', '.env', '.signalbox', '**/node_modules', '**/dist']) expect(ignored).toContain(path);
  });
});

describe('scripts/validate_backend_setup.py', () => {
  const python = spawnSync('python3', ['--version']).status === 0;
  if (!python && process.env.SIGNALBOX_NO_SKIPS) throw new Error('python3 is not installed');

  it.skipIf(!python)(
    'is doctor under the reference’s name: arguments, answer and exit code go through',
    () => {
      const run = (command, args, env) =>
        spawnSync(command, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } });
      const asked = ['--only', 'config,database.connection', '--json'];
      const script = join(root, 'scripts/validate_backend_setup.py');
      const down = run(script, asked, { DATABASE_URL: 'postgresql://admin:canary@127.0.0.1:1/usdcop_trading' });
      expect(down.status).toBe(1);
      const { data } = JSON.parse(down.stdout);
      expect(data.checks.map(({ name, status }) => [name, status])).toEqual([
        ['config', 'pass'],
        ['database.connection', 'fail'],
      ]);
      expect(data.database.url).toBe('postgresql://admin@127.0.0.1:1/usdcop_trading');
      expect(down.stdout).not.toContain('canary');
      expect(run('python3', [script, '--only', 'node'], {}).status).toBe(0);
      expect(run('python3', [script, '--ony', 'node'], {}).status).toBe(2);
    },
    60_000,
  );
});
