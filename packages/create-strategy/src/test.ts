import { MODELS } from './models.js';
import type { Options } from './options.js';

/** The test of the new package: the conformance kit, in Node's own runner. */
export function testOf({ template, language }: Options): string {
  const from = language === 'ts' ? '../dist/strategy.js' : '../src/strategy.js';
  if (template === 'rules')
    return `import test from 'node:test';
import { formatReport, testStrategy } from '@signalbox/core/testing';
import strategy from '${from}';

test('holds to the contract', async () => {
  console.log(formatReport(await testStrategy(strategy)));
});
`;
  const { as, format } = MODELS[template];
  return `import { readFileSync } from 'node:fs';
import test from 'node:test';
import { sha256 } from '@signalbox/core';
import { formatReport, testStrategy } from '@signalbox/core/testing';
import strategy from '${from}';

const read = (name) => readFileSync(new URL(\`../models/\${name}\`, import.meta.url));
const bytes = new Uint8Array(read('${as}'));
const manifest = JSON.parse(read('${as.replace(/\.[^.]+$/, '.manifest.json')}').toString());
const model = { format: '${format}', sha256: sha256(bytes), bytes, manifest };

test('holds to the contract', async () => {
  console.log(formatReport(await testStrategy(strategy, { artifacts: { model } })));
});
`;
}
