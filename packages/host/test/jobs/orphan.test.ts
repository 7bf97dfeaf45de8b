import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { alive } from '../../src/stores/postgres/postmaster.js';

const child = join(import.meta.dirname, '../../dist/job-child.js');
/** Hangs in a loop from then on, as a strategy may: no message and no disconnect is heard. */
const hang = 'data:text/javascript,setTimeout(() => { for (;;); }, 500)';
const host = `
  const job = require('node:child_process').fork(${JSON.stringify(child)}, [String(process.pid)], { execArgv: ['--import', ${JSON.stringify(hang)}] });
  console.log(job.pid);
  setInterval(() => {}, 1e6);`;

it('a job that hangs in a loop does not outlive a host that is killed', async () => {
  const parent = spawn(process.execPath, ['-e', host], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(alive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await expect.poll(() => alive(pid), { timeout: 15_000 }).toBe(false);
});
