import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discover } from './discover.js';

let project: string;
beforeEach(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'signalbox-discover-')));
  writeFileSync(join(project, 'package.json'), '{"name":"desk"}');
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const good = { role: 'strategy', code: 'RULE_X', apiVersion: 1 };
const definition = (extra = '') =>
  `export default Object.freeze({ $$type: '@signalbox/Strategy', code: 'RULE_X', name: 'x', type: 'ML', apiVersion: 1, features: [], config: { type: 'object' }, create() {}, ${extra} });`;

function install(name: string, code: string, manifest: object, folder = join(project, 'node_modules', name)) {
  mkdirSync(folder, { recursive: true });
  const exports = { '.': './index.js', './package.json': './package.json' };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, version: '1.2.3', type: 'module', exports, ...manifest }),
  );
  writeFileSync(join(folder, 'index.js'), code);
  return folder;
}

async function one(name: string) {
  const [found] = await discover(project, [name]);
  return found!;
}
async function problem(name: string) {
  const found = await one(name);
  if (!('problem' in found)) throw new Error('it was accepted');
  return found.problem;
}

describe('discovery', () => {
  it('finds a package that is installed and allow-listed', async () => {
    install('signalbox-strategy-x', definition(), { signalbox: good });
    expect(await one('signalbox-strategy-x')).toMatchObject({
      strategy: { version: '1.2.3', definition: { code: 'RULE_X' } },
    });
  });

  it('imports nothing that is not allow-listed', async () => {
    install('signalbox-strategy-x', 'globalThis.ran = true; export default {}', { signalbox: good });
    await discover(project, []);
    expect((globalThis as { ran?: boolean }).ran).toBeUndefined();
  });

  it('reports an absent package with its remedy, beside one that works', async () => {
    install('signalbox-strategy-x', definition(), { signalbox: good });
    const [absent, present] = await discover(project, ['@acme/strategy-absent', 'signalbox-strategy-x']);
    expect(absent).toMatchObject({
      problem: { code: 'PLUGIN_NOT_INSTALLED', remedy: 'Run: npm install @acme/strategy-absent' },
    });
    expect(present).toHaveProperty('strategy');
  });

  it.each(['../evil', '/etc/passwd', 'file:../evil', 'https://evil', 'a/b/c', 'UPPER', ''])(
    'refuses %j as a name',
    async (name) => {
      expect(await problem(name)).toMatchObject({ code: 'PLUGIN_NOT_ALLOWED' });
    },
  );

  it('refuses a link that leads out of the project, before its code runs', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'signalbox-outside-'));
    install('evil', 'globalThis.ran = true', { signalbox: good }, outside);
    mkdirSync(join(project, 'node_modules'), { recursive: true });
    symlinkSync(outside, join(project, 'node_modules', 'evil'));
    expect(await problem('evil')).toMatchObject({ code: 'PLUGIN_NOT_ALLOWED' });
    expect((globalThis as { ran?: boolean }).ran).toBeUndefined();
    rmSync(outside, { recursive: true });
  });

  it('refuses metadata before any code runs', async () => {
    install('no-role', 'globalThis.ran = true', {});
    install('api-2', 'globalThis.ran = true', { signalbox: { ...good, apiVersion: 2 } });
    expect(await problem('no-role')).toMatchObject({ code: 'PLUGIN_INVALID' });
    expect(await problem('api-2')).toMatchObject({ code: 'PLUGIN_INCOMPATIBLE' });
    expect((globalThis as { ran?: boolean }).ran).toBeUndefined();
  });

  it('names all problems of a definition together', async () => {
    install('bad', definition(`code: 'lower', type: 'MAGIC', create: 1`), { signalbox: good });
    const { message } = await problem('bad');
    expect(message).toMatch(/lower/);
    expect(message).toMatch(/MAGIC/);
    expect(message).toMatch(/create function/);
  });

  it('reports a package that throws while loading', async () => {
    install('throws', 'throw new Error("boom")', { signalbox: good });
    expect(await problem('throws')).toMatchObject({ code: 'PLUGIN_INVALID', message: expect.stringContaining('boom') });
  });

  it('refuses a model path that leaves the package', async () => {
    install('leaves', definition(`artifacts: { model: ['onnx'] }`), {
      signalbox: { ...good, models: { model: './../../x' } },
    });
    expect(await problem('leaves')).toMatchObject({ code: 'PLUGIN_INVALID' });
  });
});
