import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chromiumArguments, findChromium } from './chromium.js';
import { FixtureHost } from './fixture-host.js';
import { XSS } from './fixture-market.js';
import { coloursOnCanvas, watchPage, type Misdeeds } from './watch-page.js';

const executablePath = findChromium();
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = mkdtempSync(join(tmpdir(), 'signalbox-page-'));
/** Kept when the variable names a folder, so that a person can look at them. */
const pictures = process.env['SIGNALBOX_SCREENSHOTS'] ?? join(dist, 'pictures');

beforeAll(async () => {
  await build({
    root,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: dist, emptyOutDir: true },
  });
  mkdirSync(pictures, { recursive: true });
}, 60_000);
afterAll(() => rmSync(dist, { recursive: true, force: true }));

describe('the built page', () => {
  it('weighs at most 250 KB of JavaScript, gzip', () => {
    const scripts = readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(0);
    const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, 'assets', name))).length, 0);
    expect(bytes).toBeLessThanOrEqual(250 * 1024);
  });

  it('has no inline script, style or style attribute', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/<style|\bstyle=/);
  });
});

describe.skipIf(executablePath === null)(
  'the page in a browser (needs Chromium: CHROMIUM_PATH or on PATH)',
  { timeout: 40_000 },
  () => {
    let browser: Browser;
    let host: FixtureHost;
    let origin: string;
    let context: BrowserContext | undefined;

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments() });
    }, 60_000);
    afterAll(async () => browser?.close());
    beforeEach(async () => {
      host = new FixtureHost(dist);
      origin = await host.start();
    });
    afterEach(async () => {
      await context?.close();
      await host.stop();
    });

    async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; misdeeds: Misdeeds }> {
      context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      const watched = await watchPage(context, origin);
      await watched.page.goto(origin);
      await watched.page.waitForSelector('.card-signal');
      await watched.page.waitForSelector('.panel-equity .chart canvas');
      await watched.page.waitForFunction(() => document.querySelector('[data-stream="live"]') !== null);
      return watched;
    }
    const card = (page: Page, code: string) => page.locator(`.card[data-code="${code}"]`);
    const bars = (page: Page): Promise<number> =>
      page.locator('.panel-price .chart').getAttribute('data-bars').then(Number);

    it('shows what each strategy says, with arrow, word, confidence, levels, reasoning and time', async () => {
      const { page } = await open();
      const said = host.market.latest().signals.find((signal) => signal.strategy_code === 'ML_XGB')!;
      const text = await card(page, 'ML_XGB').innerText();
      expect(text).toContain(said.signal.toUpperCase());
      expect(text).toContain(`${Math.round((said.confidence ?? 0) * 100)} %`);
      expect(text).toContain(
        said.stop_loss!.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
      );
      expect(text).toContain('p(long) 0.58');
      expect(await card(page, 'ML_XGB').locator('.badge svg.arrow').count()).toBe(1);
      expect(await card(page, 'ENSEMBLE').innerText()).toContain('ML_XGB 0.25');
    });

    it('says why a strategy says nothing: code and detail, or the reason of its package', async () => {
      const { page } = await open();
      expect(await card(page, 'ML_LGBM').innerText()).toMatch(/a feature is missing[\s\S]*embi_z is missing/);
      expect(await card(page, 'LLM_CLAUDE').innerText()).toMatch(/unavailable[\s\S]*ANTHROPIC_API_KEY/);
      expect(await card(page, 'RL_PPO').innerText()).toMatch(/not installed[\s\S]*npm install/);
    });

    it('draws price and equity', async () => {
      const { page } = await open();
      await expect.poll(() => coloursOnCanvas(page, '.panel-price')).toBeGreaterThan(20);
      await expect.poll(() => coloursOnCanvas(page, '.panel-equity')).toBeGreaterThan(20);
    });

    it('takes a new bar from the WebSocket without a reload: cards, chart, ticker, positions', async () => {
      const { page } = await open();
      await page.evaluate(() => Object.assign(globalThis, { __same: true }));
      const before = await bars(page);
      host.bar();
      const newest = host.market.bars.at(-1)!;
      const clock = new Date(newest.time - 5 * 3_600_000).toISOString().slice(11, 16);
      await expect.poll(() => bars(page)).toBe(before + 1);
      await expect.poll(() => card(page, 'ML_XGB').innerText()).toContain(`bar ${clock}`);
      expect(await page.locator('.ticker').innerText()).toContain(
        newest.close.toLocaleString('en-US', { minimumFractionDigits: 2 }),
      );
      await expect.poll(() => page.locator('.panel-book tbody tr').count()).toBe(host.market.open.size);
      await expect.poll(() => page.locator('[role="status"]').textContent(), { timeout: 8000 }).toContain('ML_XGB');
      expect(await page.evaluate(() => '__same' in globalThis)).toBe(true);
    });

    it('explains a signal: what it was decided with, and whether it comes out again', async () => {
      const { page } = await open();
      const explain = card(page, 'ML_XGB').locator('.explain');
      await explain.getByRole('button', { name: 'explain' }).click();
      await expect.poll(() => explain.innerText()).toContain('Version 1.2.3');
      const text = await explain.innerText();
      expect(text).toMatch(/on the stored vector: equal/);
      expect(text).toMatch(/known today: differs \(embi_z\)/);
      expect(text).toMatch(/rsi_9\s+0\.432100/);
      expect(text, 'missing is missing, not 0').toMatch(/embi_z\s+missing/);
      await explain.getByRole('button', { name: 'hide' }).click();
      expect(await explain.locator('.checks').count()).toBe(0);
    });

    it('why a signal cannot be explained is said with its code', async () => {
      const { page } = await open();
      host.broken.add('/api/signals');
      const explain = card(page, 'ML_XGB').locator('.explain');
      await explain.getByRole('button', { name: 'explain' }).click();
      await expect.poll(() => explain.innerText()).toContain('DATABASE_UNAVAILABLE');
    });

    it('the comparison is sorted by a press on a head, by keyboard too; n and standard error stand in it', async () => {
      const { page } = await open();
      const table = page.locator('.panel-comparison table');
      const column = async (name: string): Promise<number[]> =>
        (await table.locator(`td[data-label="${name}"]`).allInnerTexts()).map((text) =>
          Number.parseFloat(text.replace('−', '-')),
        );
      const head = table.getByRole('columnheader', { name: 'Return' });
      await head.getByRole('button').press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      const down = (await column('Return')).filter((x) => !Number.isNaN(x));
      expect(down).toEqual([...down].sort((a, b) => b - a));
      await head.getByRole('button').press('Enter');
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      expect((await column('n')).every((n) => n > 0)).toBe(true);
      expect(await table.locator('tr', { hasText: 'ML_XGB' }).locator('td[data-label="Sharpe"]').innerText()).toMatch(
        /^1.94 ±3.4/,
      );
    });

    it('a page that the clock leaves behind says that it lags', async () => {
      const { page } = await open();
      host.clock = { speed: 3000 };
      await page.reload();
      await expect
        .poll(() => page.locator('[data-stream]').getAttribute('data-stream'), { timeout: 15_000 })
        .toBe('lagging');
      expect(await page.locator('[data-stream]').innerText()).toMatch(/lagging \d/);
    });

    it('the consensus row says who answered, with weights that sum to one, who did not and why', async () => {
      const { page } = await open();
      const row = page.locator('.consensus');
      const text = (await row.innerText()).replaceAll(/\s+/g, ' ');
      expect(text).toContain('100 % agree');
      expect(text).toMatch(/2 of 3 answered · score \+0\.31/);
      expect(text).toMatch(/ML_XGB 50 % 0\.42 BREAKOUT 50 % 0\.20 ML_LGBM: a feature is missing/);
      expect(await row.locator('.badge').innerText()).toMatch(/^(LONG|SHORT|FLAT|CLOSE)$/);
    });

    it('limits are bars; a breach says which limit, since when and on which card, and tells one alert', async () => {
      const { page } = await open();
      const tab = (name: RegExp) => page.locator('.panel-book').getByRole('button', { name });
      await tab(/^Risk$/).click();
      const row = page.locator('.risk tr', { hasText: 'ML_XGB' });
      expect((await row.innerText()).replaceAll(/\s+/g, ' ')).toMatch(/1\.2 \/ 15 % 0\.4 \/ 5 % 3 \/ 20 1 \/ 3/);
      const fill = row.locator('td[data-label="Drawdown"] .fill');
      expect(await fill.getAttribute('width')).toBe('8');
      expect(await page.locator('.halt').count()).toBe(0);
      host.market.risks.set('ML_XGB', { reasons: ['drawdown'], drawdown_pct: 15.7 });
      host.breach('RISK_DRAWDOWN', 'ML_XGB', 'ML_XGB: drawdown 15.7 % of the peak');
      const halt = card(page, 'ML_XGB').locator('.halt');
      await expect.poll(() => halt.innerText()).toMatch(/HALTED[\s\S]*Drawdown limit reached[\s\S]*since .*11:0/);
      await expect.poll(() => fill.getAttribute('width')).toBe('100');
      await expect.poll(() => tab(/^Risk/).innerText()).toBe('Risk · 1 halted');
      expect(await tab(/^Alerts/).innerText()).toBe('Alerts · 1 new');
      await tab(/^Alerts/).click();
      expect(await page.locator('.alerts li').count()).toBe(1);
      expect(await page.locator('.alerts').innerText()).toMatch(/critical\s+ML_XGB: drawdown 15\.7 %/);
      await expect.poll(() => tab(/^Alerts/).innerText(), { message: 'seen' }).toBe('Alerts');
    });

    it('a halt is lifted with a reason and the name typed, never by one press', async () => {
      host.market.risks.set('ML_XGB', { reasons: ['drawdown'], drawdown_pct: 15.7 });
      const { page } = await open({ viewport: { width: 1024, height: 768 } });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(1024);
      const halt = card(page, 'ML_XGB').locator('.halt');
      await halt.getByRole('button', { name: 'Reset …' }).click();
      const lift = halt.getByRole('button', { name: 'Lift the halt' });
      await halt.getByLabel(/Reason/).fill('looked into');
      expect(await lift.isDisabled()).toBe(true);
      await halt.getByLabel(/Type ML_XGB/).fill('ML_XGB');
      await lift.click();
      await expect.poll(() => halt.count(), { timeout: 5000 }).toBe(0);
      expect(host.resets).toEqual([['ML_XGB', 'looked into']]);
    });

    it('who may not lift a halt sees that there is one, and no button', async () => {
      host.role = 'trader';
      host.market.risks.set('ML_XGB', { reasons: ['drawdown'], drawdown_pct: 15.7 });
      const { page } = await open();
      const halt = card(page, 'ML_XGB').locator('.halt');
      expect(await halt.innerText()).toContain('HALTED');
      expect(await halt.getByRole('button').count()).toBe(0);
    });

    it('each state of a strategy has a name and its reason: suspended, faulted, warming up, late, degraded', async () => {
      const silence = (code: string, detail: string) => ({
        last_no_signal: { code, detail, bar_time: new Date(host.market.now).toISOString(), timestamp: '' },
      });
      host.market.states.set('BREAKOUT', {
        state: 'SUSPENDED',
        reason: 'three faults in an hour: npx signalbox plugins resume',
      });
      host.market.states.set('LLM_CLAUDE', { state: 'FAULTED', reason: 'its process ended' });
      host.market.states.set('ML_XGB', silence('warming_up', '9 of 14 bars'));
      host.market.states.set('ENSEMBLE', { state: 'DEGRADED', reason: 'two restarts', ...silence('timeout', '') });
      context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const { page } = await watchPage(context, origin);
      await page.goto(origin);
      const said = (code: string) => expect.poll(() => card(page, code).innerText());
      await said('BREAKOUT').toMatch(/suspended[\s\S]*three faults in an hour/);
      await said('LLM_CLAUDE').toMatch(/faulted[\s\S]*its process ended/);
      await said('ML_XGB').toMatch(/warming up[\s\S]*9 of 14 bars/);
      await said('ENSEMBLE').toMatch(/missed its deadline[\s\S]*two restarts/);
      await said('RL_PPO').toMatch(/not installed/);
    });

    it('plugin text stays text', async () => {
      const { page } = await open();
      expect(await card(page, 'BREAKOUT').locator('.reasoning').textContent()).toContain(XSS);
      expect(await page.locator('main img').count()).toBe(0);
      expect(await page.evaluate(() => '__pwned' in globalThis)).toBe(false);
    });

    it('no console error, no foreign request, no violation of the content security policy', async () => {
      const { page, misdeeds } = await open();
      host.bar();
      await page.waitForTimeout(1500);
      await page.mouse.move(500, 300);
      await page.mouse.wheel(0, 120);
      await page.locator('.theme').click();
      await page.waitForTimeout(300);
      expect(misdeeds.console).toEqual([]);
      expect(misdeeds.foreign).toEqual([]);
      expect(await misdeeds.policy()).toEqual([]);
      // and the watch would have seen one
      await page.evaluate(() => {
        const style = document.createElement('style');
        style.textContent = 'b{}';
        document.head.append(style);
      });
      await expect.poll(() => misdeeds.policy()).toEqual(['style-src-elem inline']);
    });

    it('says that the world is simulated, with its planted edge, and nothing closes it', async () => {
      const { page } = await open();
      expect(await page.locator('.simulated').innerText()).toBe('SIMULATED');
      expect(await page.locator('.banner').innerText()).toMatch(/edge planted/);
      expect(await page.locator('.banner button, .banner a').count()).toBe(0);
    });

    it('shows no banner and no clock controls in a market world', async () => {
      host.clock = { simulated: false, mode: 'wall', world: 'market', speed: 1 };
      const { page } = await open();
      expect(await page.locator('.banner, .simulated, .controls').count()).toBe(0);
    });

    it('commands the clock; a restart is asked twice', async () => {
      const { page } = await open();
      await page.getByRole('button', { name: 'Pause the clock' }).click();
      await page.getByRole('button', { name: 'Resume the clock' }).click();
      await page.getByRole('button', { name: 'Step one bar' }).click();
      await page.getByLabel('Market seconds per second').selectOption('300');
      await page.getByRole('button', { name: 'Restart' }).click();
      await expect
        .poll(() => host.commands)
        .toEqual([{ action: 'pause' }, { action: 'resume' }, { action: 'step' }, { action: 'speed', speed: 300 }]);
      await page.getByRole('button', { name: 'Begin a new world?' }).click();
      await expect.poll(() => host.commands.at(-1)).toEqual({ action: 'restart' });
    });

    it('offline is said, old values stay; the reconnect says how many events it caught up', async () => {
      const { page } = await open();
      const before = await bars(page);
      host.cut();
      await page.waitForSelector('[data-stream="offline"]');
      await page.waitForSelector('[data-stale="offline"]', { timeout: 8000 });
      expect(await page.locator('.card-signal').count()).toBeGreaterThan(0);
      host.bar();
      host.bar();
      const missed = host.missed;
      host.accepting = true;
      await page.waitForSelector('[data-stream="resumed"]', { timeout: 20_000 });
      expect(await page.locator('[data-stream]').innerText()).toContain(`caught up ${missed} events`);
      await expect.poll(() => bars(page)).toBe(before + 2);
      await expect.poll(() => page.locator('[data-stale]').count()).toBe(0);
    });

    it('amber beyond 1.5 bars, a red band beyond 3', async () => {
      host.clock = { now: new Date(host.market.bars.at(-1)!.time + 300_000 * 2.8).toISOString(), speed: 0 };
      const { page } = await open();
      expect(await page.locator('.age-late').count()).toBe(1);
      expect(await page.locator('[data-stale]').count()).toBe(0);
      host.clock = { now: new Date(host.market.bars.at(-1)!.time + 300_000 * 4.2).toISOString(), speed: 0 };
      await page.reload();
      await page.waitForSelector('.stale-band');
      expect(await page.locator('.stale-band').innerText()).toContain('16 min old');
      expect(await page.locator('.card-signal').count()).toBeGreaterThan(0);
    });

    it('a failed panel says code, cause and remedy, harms no other, and tries again on request', async () => {
      host.broken.add('/api/models/performance');
      const { page } = await open();
      const panel = page.locator('.panel-comparison');
      await expect.poll(() => panel.getAttribute('data-state')).toBe('error');
      expect(await panel.innerText()).toMatch(/DATABASE_UNAVAILABLE the database does not answer/);
      expect(await page.locator('.panel-price').getAttribute('data-state')).toBe('ready');
      host.broken.clear();
      await panel.getByRole('button', { name: 'Try again' }).click();
      await expect.poll(() => panel.getAttribute('data-state')).toBe('ready');
    });

    it('an unknown figure is a dash with its reason, never 0', async () => {
      const { page } = await open();
      const cell = page.locator('.panel-comparison tr', { hasText: 'BREAKOUT' }).locator('td.unknown').first();
      expect((await cell.innerText()).startsWith('–')).toBe(true);
      expect(await cell.getAttribute('title')).toContain('has 7');
    });

    it('a strategy switched off leaves the charts and stays off after a reload', async () => {
      const { page } = await open();
      const legend = page.locator('.legend').getByRole('button', { name: 'ML_XGB' });
      const curves = page.locator('.panel-equity .chart');
      expect(await curves.getAttribute('data-curves')).toBe('3');
      await legend.click();
      await expect.poll(() => curves.getAttribute('data-curves')).toBe('2');
      await page.reload();
      await page.waitForSelector('.panel-equity .chart canvas');
      await expect.poll(() => legend.getAttribute('aria-pressed')).toBe('false');
    });

    it('works by keyboard, and the focus can be seen', async () => {
      const { page } = await open();
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the desk');
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const element = document.activeElement as HTMLElement;
          return { legend: element.closest('.legend') !== null, outline: getComputedStyle(element).outlineStyle };
        });
        if (!focus.legend) continue;
        expect(focus.outline).toBe('solid');
        await page.keyboard.press('Enter');
        await expect.poll(() => page.locator('.legend [aria-pressed="false"]').count()).toBe(1);
        return;
      }
      expect.unreachable('Tab never reached the legend');
    });

    it.each(['dark', 'light'] as const)(
      'fits one screen of 1440×900 without scrolling, %s by the system',
      async (colorScheme) => {
        const { page } = await open({ colorScheme });
        host.bar();
        await page.waitForTimeout(1200);
        const size = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.scrollHeight,
        ]);
        expect(size).toEqual([1440, 900]);
        const table = await page
          .locator('.panel-comparison .table-scroll')
          .evaluate((e) => [e.scrollWidth, e.clientWidth]);
        expect(table[0], 'every column of the comparison is in view').toBe(table[1]);
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(background).toBe(colorScheme === 'dark' ? 'rgb(11, 16, 23)' : 'rgb(238, 241, 245)');
        const file = join(pictures, `${colorScheme}.png`);
        await page.screenshot({ path: file });
        expect(readFileSync(file).length).toBeGreaterThan(50_000);
      },
    );

    it('is usable at 360 px: no sideways scroll, targets of a finger’s size', async () => {
      const { page } = await open({ viewport: { width: 360, height: 780 }, deviceScaleFactor: 2 });
      await page.waitForTimeout(800);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
      const small = await page.evaluate(() =>
        [...document.querySelectorAll('main button, header button')]
          .filter((b) => b.getBoundingClientRect().height < 44)
          .map((b) => b.textContent),
      );
      expect(small).toEqual([]);
      const rows = page.locator('.panel-comparison tbody th');
      await page.getByLabel('Sort by').selectOption('total_return_pct');
      expect(await rows.allInnerTexts(), 'its heads are hidden here: a choice sorts').toEqual([
        'ML_XGB',
        'ENSEMBLE',
        'BREAKOUT',
      ]);
      await page.screenshot({ path: join(pictures, 'phone.png'), fullPage: true });
    });
  },
);
