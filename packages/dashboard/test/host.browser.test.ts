import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '../../host/test/postgres.js';
import { startHost, type RunningHost } from '../../host/test/running-host.js';
import { chromiumArguments, findChromium } from './chromium.js';
import { coloursOnCanvas, watchPage } from './watch-page.js';

const executablePath = findChromium();
const pictures = process.env['SIGNALBOX_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'signalbox-host-page-'));
const SPEED = 120;

describe.skipIf(executablePath === null)('the page of a real host (needs Chromium: CHROMIUM_PATH or on PATH)', () => {
  let browser: Browser;
  let host: RunningHost | undefined;
  let url = '';

  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    const database = await testDatabase();
    host = startHost(database.connection, ['--speed', String(SPEED)]);
    url = (await host.urls)['dashboard']!;
    await host.ready;
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments() });
  }, 240_000);

  afterAll(async () => {
    await browser?.close();
    host?.child.kill('SIGINT');
    await host?.ended;
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
