import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectionOptions } from '../../host/src/stores/postgres/connection.js';
import { testDatabase } from '../../host/test/postgres.js';
import { chromiumArguments, findChromium } from './chromium.js';
import { coloursOnCanvas, watchPage } from './watch-page.js';

const executablePath = findChromium();
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const pictures = process.env['SIGNALBOX_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'signalbox-host-page-'));
const SPEED = 120;

/** As DATABASE_URL has it; a socket's folder goes into the query, because a URL cannot hold it as its host. */
function databaseUrl(options: ConnectionOptions): string {
  if ('connectionString' in options) return options.connectionString;
  const url = new URL(`postgresql://localhost:${options.port}/${options.database}`);
  url.username = options.user;
  url.password = options.password ?? '';
  url.searchParams.set('host', options.host);
  return url.href;
}

/** Starts the demo world as a person does, in a database of its own. */
function spawnHost(database: string): ChildProcess {
  return spawn(
    process.execPath,
    [
      join(repository, 'packages/host/bin/signalbox.js'),
      'start',
      '--world',
      'demo',
      '--speed',
      String(SPEED),
      '--no-open',
    ],
    {
      cwd: repository,
      env: {
        ...process.env,
        DATABASE_URL: database,
        SIGNALBOX_PORT_MODELS: '0',
        SIGNALBOX_PORT_TRADING: '0',
        SIGNALBOX_PORT_DASHBOARD: '0',
        CI: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
}

/** Resolves with the page's address as soon as signals arrive. */
async function arrived(child: ChildProcess): Promise<string> {
  let out = '';
  let said = '';
  child.stdout?.on('data', (chunk) => (out += String(chunk)));
  child.stderr?.on('data', (chunk) => (said += String(chunk)));
  const until = async <T>(what: string, found: () => T | null | undefined): Promise<T> => {
    const limit = Date.now() + 150_000;
    for (;;) {
      const value = found();
      if (value) return value;
      if (Date.now() > limit) throw new Error(`no sign that ${what}\n${out}\n${said}`);
      if (child.exitCode !== null)
        throw new Error(`the host ended before ${what} (exit ${child.exitCode})\n${out}\n${said}`);
      await new Promise((done) => setTimeout(done, 100));
    }
  };
  const url = await until('it listened', () => /dashboard\s+(http:\S+)/.exec(out)?.[1]);
  await until('signals arrived', () => said.includes('signals arrive from now on'));
  return url;
}

describe.skipIf(executablePath === null)('the page of a real host (needs Chromium: CHROMIUM_PATH or on PATH)', () => {
  let browser: Browser;
  let child: ChildProcess | undefined;
  let url = '';

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    const database = await testDatabase();
    child = spawnHost(databaseUrl(database.connection));
    url = await arrived(child);
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments() });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    if (child && child.exitCode === null) {
      const ended = new Promise((done) => child?.once('exit', done));
      child.kill('SIGINT');
      await ended;
    }
  }, 60_000);

  it('signals keep arriving on the page without a reload; nothing breaks, nothing foreign, nothing against the policy', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
    const { page, misdeeds } = await watchPage(context, new URL(url).origin);
    await page.goto(url);
    await page.waitForSelector('[data-code="ML_XGB"]');
    await page.waitForSelector('[data-stream="live"]');
    await page.evaluate(() => Object.assign(globalThis, { __same: true }));

    await expect.poll(() => coloursOnCanvas(page, '.panel-price'), { timeout: 10_000 }).toBeGreaterThan(20);
    await expect.poll(() => coloursOnCanvas(page, '.panel-equity'), { timeout: 10_000 }).toBeGreaterThan(20);
    expect(await page.locator('.banner').innerText()).toMatch(/simulated world/i);

    // two bars further, each on the card and in the chart's words
    const card = page.locator('[data-code="ML_XGB"]');
    const chart = page.locator('.panel-price .chart');
    for (let bar = 0; bar < 2; bar++) {
      const [text, label] = [await card.innerText(), await chart.getAttribute('aria-label')];
      await expect.poll(() => card.innerText(), { timeout: 20_000 }).not.toBe(text);
      await expect.poll(() => chart.getAttribute('aria-label'), { timeout: 20_000 }).not.toBe(label);
    }

    // the card says what the API says, of the same bar
    await page.getByRole('button', { name: 'Pause the clock' }).click();
    await page.getByRole('button', { name: 'Resume the clock' }).waitFor();
    await expect
      .poll(
        async () => {
          const { signals } = (await (await fetch(`${url}/api/models/signals/latest`)).json()) as {
            signals: { strategy_code: string; signal: string; bar_time: string }[];
          };
          const said = signals.find((signal) => signal.strategy_code === 'ML_XGB');
          const shown = await card.innerText();
          const clock = new Date(Date.parse(said?.bar_time ?? '') - 5 * 3_600_000).toISOString().slice(11, 16);
          return shown.includes(`bar ${clock}`) && shown.includes(said?.signal.toUpperCase() ?? '?');
        },
        { timeout: 15_000 },
      )
      .toBe(true);

    expect(await page.evaluate(() => '__same' in globalThis)).toBe(true);
    expect(misdeeds.console).toEqual([]);
    expect(misdeeds.foreign).toEqual([]);
    expect(await misdeeds.policy()).toEqual([]);
    await page.screenshot({ path: join(pictures, 'host-dark.png') });
    expect(readFileSync(join(pictures, 'host-dark.png')).length).toBeGreaterThan(50_000);
    await page.getByRole('button', { name: 'Resume the clock' }).click();
    await context.close();
  }, 120_000);

  it('light, and at 360 px without a sideways scroll', async () => {
    for (const [name, width, height] of [
      ['host-light', 1440, 900],
      ['host-phone', 360, 780],
    ] as const) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: 'light' });
      const { page } = await watchPage(context, new URL(url).origin);
      await page.goto(url);
      await page.waitForSelector('[data-code="ML_XGB"]');
      await expect.poll(() => coloursOnCanvas(page, '.panel-price'), { timeout: 10_000 }).toBeGreaterThan(20);
      await expect
        .poll(() => page.locator('.panel-price .chart').getAttribute('aria-label'))
        .toMatch(/with [1-9]\d* signals/);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: width < 700 });
      await context.close();
    }
  }, 60_000);
});
