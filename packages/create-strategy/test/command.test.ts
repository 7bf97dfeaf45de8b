import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const bin = join(import.meta.dirname, '../bin/create-strategy.js');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-create-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) =>
  spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8', input: '' });

it('--dry-run lists the files and writes none', () => {
  const { status, stdout } = run('my-idea', '--template', 'xgboost', '--dry-run');
  expect(status).toBe(0);
  expect(stdout).toContain('would write my-idea/models/model_v1.manifest.json');
  expect(readdirSync(folder)).toEqual([]);
});

it('never overwrites: a folder with anything in it is left alone', () => {
  mkdirSync(join(folder, 'my-idea'));
  writeFileSync(join(folder, 'my-idea/notes.txt'), 'mine');
  const { status, stderr } = run('my-idea', '--yes');
  expect(status).toBe(3);
  expect(stderr).toContain('Nothing was written');
  expect(readdirSync(join(folder, 'my-idea'))).toEqual(['notes.txt']);
});

it('asks nothing without a terminal, and names the package by its code', () => {
  expect(run('signalbox-strategy-my-idea').status).toBe(0);
  const manifest = JSON.parse(readFileSync(join(folder, 'signalbox-strategy-my-idea/package.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({
    name: 'signalbox-strategy-my-idea',
    keywords: ['signalbox-strategy'],
    signalbox: { role: 'strategy', code: 'MY_IDEA', apiVersion: 1 },
  });
});

it.each([
  [[], /Name one package/],
  [['my-idea', '--template', 'magic'], /--template magic is unknown; there are rules, xgboost, lightgbm, onnx\./],
  [['my-idea', '--language', 'py'], /--language py is unknown/],
  [['My Idea'], /no name of an npm package/],
  [['../idea'], /no name of an npm package/],
  [['my-idea', '--code', 'lower'], /--code lower must be/],
  [['my-idea', '--nonsense'], /--nonsense/],
])('%j is refused with what is allowed, and nothing is written', (args, message) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
  expect(readdirSync(folder)).toEqual([]);
});
