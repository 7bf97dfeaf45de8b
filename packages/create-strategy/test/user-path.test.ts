import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistry, type Registry } from './registry.js';

const ROOT = join(import.meta.dirname, '../../..');
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'signalbox-user-')));
const PUBLISHED = ['core', 'gbdt', 'onnx', 'create-strategy'];
// outside the workspace, or npm would take the workspace's packages
const registry: Registry | null = await startRegistry(folder);
const publish = (path: string): string =>
  registry!.npm(folder, 'publish', path, '--provenance=false', '--access', 'public');

afterAll(() => {
  registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(registry === null)('the path of an author and of a user, through a real registry', () => {
  beforeAll(() => {
    for (const name of PUBLISHED) publish(join(ROOT, 'packages', name));
  }, 300_000);

  it.each([
    ['rules', 'ts'],
    ['xgboost', 'js'],
    ['lightgbm', 'ts'],
    ['onnx', 'ts'],
  ])(
    'npm create, %s in %s: installed from the registry, its tests pass',
    (template, language) => {
      const name = `signalbox-strategy-${template}-${language}`;
      const out = registry!.npm(
        folder,
        'create',
        '--yes',
        '@signalbox/strategy',
        name,
        '--',
        '--yes',
        '--template',
        template,
        '--language',
        language,
      );
      expect(out).toContain(`wrote ${name}/package.json`);
      const path = join(folder, name);
      registry!.npm(path, 'install');
      expect(readFileSync(join(path, 'node_modules/@signalbox/core/package.json'), 'utf8')).toContain('"version"');
      const code = `${template}_${language}`.toUpperCase();
      expect(registry!.npm(path, 'test')).toMatch(new RegExp(`${code}: conforms \\(1[345] ok, 0 failed`));
    },
    400_000,
  );

  it('what an author publishes, a user installs and holds to the contract himself; the third-party example too', () => {
    // publishing runs the author's tests first
    publish(join(folder, 'signalbox-strategy-rules-ts'));
    const example = join(folder, 'third-party');
    cpSync(join(ROOT, 'examples/third-party'), example, {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    publish(example);

    const desk = join(folder, 'desk');
    mkdirSync(desk);
    writeFileSync(join(desk, 'package.json'), '{"name":"desk","private":true,"type":"module"}');
    registry!.npm(
      desk,
      'install',
      'signalbox-strategy-rules-ts',
      'signalbox-strategy-breakout',
      '@signalbox/core',
      'ajv',
    );
    expect(existsSync(join(desk, 'node_modules/signalbox-strategy-rules-ts/test'))).toBe(false);
    writeFileSync(
      join(desk, 'check.js'),
      `import { testStrategy } from '@signalbox/core/testing';
for (const name of ['signalbox-strategy-rules-ts', 'signalbox-strategy-breakout'])
  console.log((await testStrategy((await import(name)).default)).strategy, 'conforms');
`,
    );
    registry!.npm(desk, 'pkg', 'set', 'scripts.check=node check.js');
    expect(registry!.npm(desk, 'run', '--silent', 'check')).toBe('RULES_TS conforms\nRULE_BREAKOUT conforms\n');

    const added = spawnSync(
      process.execPath,
      [
        join(ROOT, 'packages/host/bin/signalbox.js'),
        'plugins',
        'add',
        'signalbox-strategy-rules-ts',
        '--world',
        'demo',
        '--yes',
        '--json',
      ],
      { cwd: desk, encoding: 'utf8' },
    );
    expect(JSON.parse(added.stdout), added.stderr).toMatchObject({ status: 'ok', data: { allowed: true } });
    const config = JSON.parse(readFileSync(join(desk, 'signalbox.config.json'), 'utf8')) as { plugins: string[] };
    expect(config.plugins).toContain('signalbox-strategy-rules-ts');
  }, 400_000);
});
