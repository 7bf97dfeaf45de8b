/// <reference types="node" />
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import strategy from './index.js';

it('the README’s table of configuration is made from the schema (npm run readme)', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const script = new URL('../../../scripts/config-tables.mjs', import.meta.url).href;
  const { withTable } = (await import(script)) as { withTable(text: string, schema: object): string };
  expect(withTable(readme, strategy.config)).toBe(readme);
});
