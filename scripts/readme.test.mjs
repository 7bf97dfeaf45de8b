import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'node_modules', '.cache', `readme-${process.pid}`);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the first code block of a README as it stands and returns what it names in `out`. */
async function run(readme, out) {
  const [, code] = /```(?:ts|js)\n([\s\S]*?)```/.exec(readFileSync(join(root, readme), 'utf8'));
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${readme.replaceAll('/', '-')}.mjs`);
  writeFileSync(file, `${code}\nexport { ${out.join(', ')} };\n`);
  return import(/* @vite-ignore */ pathToFileURL(file).href);
}

it('the example of core computes features', async () => {
  const { names, values, bars } = await run('packages/core/README.md', ['names', 'values', 'bars']);
  expect(bars).toHaveLength(600);
  expect(values).toHaveLength(600 * names.length);
  expect(values[599 * names.length + names.indexOf('log_ret_5m')]).toBe(Math.log(bars[599].close / bars[598].close));
  expect(values[599 * names.length + names.indexOf('dxy_z')]).toBeNaN();
});
