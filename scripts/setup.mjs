// Makes a clone ready to run, with nothing but Node: dependencies from the lockfile, then the build. What is there is not done
// again, so a second start needs no network.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
const isWindows = process.platform === 'win32';

function fail(message, remedy) {
  console.error(`\n✖ ${message}\n  ${remedy}`);
  process.exit(3);
}

function run(title, command, args, env = {}) {
  const started = performance.now();
  process.stderr.write(`• ${title} … `);
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    shell: isWindows,
  });
  if (result.status !== 0) {
    process.stderr.write('failed\n');
    process.stderr.write((result.stdout ?? '').slice(-6000) + (result.stderr ?? '').slice(-6000) + '\n');
    fail(
      `${title} failed (${result.error?.message ?? `exit ${result.status}`}).`,
      `Run it by hand to see more: ${command} ${args.join(' ')}`,
    );
  }
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}

function setUpDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.signalbox-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  run('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stamp, lock);
}

/** @param {{quiet?: boolean}} options */
export function setUp() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node ${process.versions.node} is too old.`, 'Install Node 20.19 or newer: https://nodejs.org');
  }
  setUpDependencies();
  run('Building', process.execPath, [
    join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
    'run',
    'build',
    '--output-logs=errors-only',
  ]);
}
