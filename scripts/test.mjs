// `npm test`: sets everything up, then checks (lint, format, types, import direction, generated files) and runs every test.
// A tool that a test needs and this machine lacks makes a named skip; with SIGNALBOX_NO_SKIPS=1 a skip is a failure.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp();
const only = process.argv.slice(2);
let failedChecks = 0;
if (only.length === 0) {
  const check = spawnSync('npm', ['run', '--silent', 'check'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  failedChecks = check.status === 0 ? 0 : 1;
}

const folder = mkdtempSync(join(tmpdir(), 'signalbox-test-'));
const report = join(folder, 'report.json');
const tests = spawnSync(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...only], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SIGNALBOX_TEST_JSON: report },
});
let passed = 0;
let failed = failedChecks;
const skipped = [];
try {
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed = result.numPassedTests + (only.length === 0 && !failedChecks ? 1 : 0);
  failed += result.numFailedTests;
  // a file that fails to load has no test that failed
  failed += result.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  ).length;
  for (const file of result.testResults) {
    for (const test of file.assertionResults) {
      if (test.status === 'skipped' || test.status === 'pending' || test.status === 'todo') skipped.push(test.fullName);
    }
  }
} catch {
  failed += 1;
}
rmSync(folder, { recursive: true, force: true });
if (tests.status !== 0 && failed === 0) failed = 1;

for (const name of skipped) console.log(`skipped: ${name}`);
if (process.env['SIGNALBOX_NO_SKIPS'] && skipped.length > 0) {
  console.log(`${skipped.length} skipped, and SIGNALBOX_NO_SKIPS is set: counted as failures.`);
  failed += skipped.length;
  console.log(`${passed} passed, ${failed} failed`);
} else {
  console.log(`${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`);
}
process.exit(failed === 0 ? 0 : 1);
