import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { premises } from '../src/stores/postgres/premises.js';

const bin = join(import.meta.dirname, '../bin/signalbox.js');
const project = mkdtempSync(join(tmpdir(), 'signalbox project '));
writeFileSync(join(project, 'package.json'), '{"name":"desk"}');
writeFileSync(join(project, 'signalbox.config.json'), '{"plugins":[]}');

function signalbox(...args: string[]) {
  const child = spawn(process.execPath, [bin, ...args, '--json'], {
    cwd: project,
    env: {
      ...process.env,
      DATABASE_URL: '',
      SIGNALBOX_PORT_MODELS: '0',
      SIGNALBOX_PORT_TRADING: '0',
      SIGNALBOX_PORT_DASHBOARD: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  return { child, ended, stdout: () => stdout };
}

describe('a host on its embedded database', () => {
  let host: ReturnType<typeof signalbox>;
  let models = '';
  const health = async (): Promise<{ status: string; clock: { speed: number; now: string } } | undefined> =>
    fetch(`${models}/api/health`).then(
      (answer) => answer.json() as never,
      () => undefined,
    );
  const price = async (): Promise<string | undefined> => {
    const answer = await fetch(`${models}/api/events?since=0&limit=1`).catch(() => undefined);
    return answer?.ok ? String(((await answer.json()) as { last_seq: number }).last_seq) : undefined;
  };

  beforeAll(async () => {
    host = signalbox('start', '--no-open', '--speed', '600');
    await vi.waitFor(() => expect(host.stdout()).toContain('\n'), { timeout: 60_000, interval: 50 });
    const { data } = JSON.parse(host.stdout().split('\n')[0]!) as {
      data: { services: { name: string; url: string }[] };
    };
    models = data.services.find(({ name }) => name === 'models')!.url;
    await vi.waitFor(async () => expect((await health())?.clock.speed).toBe(600), { timeout: 60_000, interval: 100 });
  }, 150_000);

  afterAll(async () => {
    host.child.kill('SIGINT');
    expect(await host.ended).toBe(0);
    rmSync((await premises(project)).base, { recursive: true, force: true });
    rmSync(project, { recursive: true, force: true });
  });

  it('is the only one that moves the clock of its world; a second start says who runs it', async () => {
    const second = signalbox('start', '--no-open');
    expect(await second.ended).not.toBe(0);
    const { errors } = JSON.parse(second.stdout()) as { errors: { code: string; message: string; remedy: string }[] };
    expect(errors[0]).toMatchObject({ code: 'HOST_RUNNING', message: expect.stringContaining(String(host.child.pid)) });
    expect((await health())?.status).toBe('healthy');
  });

  it('takes commands of its own project, wherever it listens', async () => {
    expect(await signalbox('demo', 'pause').ended).toBe(0);
    expect((await health())?.clock.speed).toBe(0);
    expect(await signalbox('demo', 'resume').ended).toBe(0);
    expect((await health())?.clock.speed).toBe(600);
  });

  it('starts its database again when that is killed, and goes on', async () => {
    const { data } = await premises(project);
    const postmaster = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(postmaster, 'SIGKILL');
    await expect.poll(async () => (await health())?.status, { timeout: 10_000 }).toBe('unhealthy');
    await expect.poll(async () => (await health())?.status, { timeout: 30_000 }).toBe('healthy');
    const before = await price();
    await expect.poll(price, { timeout: 30_000 }).not.toBe(before);
  }, 90_000);
});
