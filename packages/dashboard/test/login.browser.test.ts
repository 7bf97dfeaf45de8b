import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStage, seed, type Stage } from '../../host/test/api/stage.js';
import { closedAccess, giveUser, PASSWORD } from '../../host/test/security/gate.js';
import { chromiumArguments, findChromium } from './chromium.js';
import { watchPage, type Misdeeds } from './watch-page.js';

const executablePath = findChromium();
const pictures = process.env['SIGNALBOX_SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'signalbox-login-'));

describe.skipIf(executablePath === null)(
  'the page of a host that wants to know who looks (needs Chromium: CHROMIUM_PATH or on PATH)',
  { timeout: 40_000 },
  () => {
    let browser: Browser;
    let context: BrowserContext | undefined;
    let stage: Stage;
    const foreign = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>another program of this machine</h1>');
    });
    const moved: string[] = [];
    const control = {
      pause: () => void moved.push('pause'),
      resume: () => void moved.push('resume'),
      step: () => void moved.push('step'),
      restart: () => void moved.push('restart'),
      setSpeed: () => void moved.push('speed'),
    };

    beforeAll(async () => {
      mkdirSync(pictures, { recursive: true });
      await new Promise<void>((done) => foreign.listen(0, '127.0.0.1', done));
      stage = await openStage({ world: 'simulated', control, events: true, access: closedAccess() });
      Object.assign(stage.clock, { mode: 'replay', speed: 60 });
      await seed(stage.pool);
      for (const role of ['viewer', 'trader'] as const) await giveUser(stage.pool, role);
      browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments() });
    }, 60_000);
    afterEach(() => context?.close());
    afterAll(async () => {
      await browser?.close();
      await stage?.close();
      foreign.closeAllConnections();
      foreign.close();
    });

    async function open(url = stage.dashboard.url): Promise<{ page: Page; misdeeds: Misdeeds; asked: string[] }> {
      context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const watched = await watchPage(context, new URL(url).origin);
      const asked: string[] = [];
      watched.page.on('request', (request) => {
        const { pathname } = new URL(request.url());
        if (pathname.startsWith('/api/') || pathname.startsWith('/ws')) asked.push(pathname);
      });
      watched.page.on('websocket', (socket) => asked.push(new URL(socket.url()).pathname));
      await watched.page.goto(url);
      return { ...watched, asked };
    }
    async function login(page: Page, who: string, password = PASSWORD): Promise<void> {
      await page.getByLabel('E-mail').fill(who);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Log in' }).click();
    }
    const live = (page: Page) => page.waitForSelector('[data-stream="live"]');

    it('asks for a login, and before it asks the host for nothing else; wrong ones are told, right ones get the desk', async () => {
      const { page, misdeeds, asked } = await open();
      await page.getByLabel('Password').waitFor();
      await page.screenshot({ path: join(pictures, 'login.png') });
      await login(page, 'viewer@example.org', 'not the password');
      await expect.poll(() => page.getByRole('alert').innerText()).toContain('LOGIN_REFUSED');
      expect(await page.getByLabel('Password').inputValue()).toBe('');
      expect([...new Set(asked)]).toEqual(['/api/session', '/api/login']);
      await login(page, 'viewer@example.org');
      await live(page);
      await page.locator('.card[data-code="ALPHA"]').waitFor();
      expect(asked).toContain('/ws/trading-signals');
      expect(page.url()).not.toContain('password');
      expect(await context!.cookies()).toMatchObject([{ httpOnly: true, sameSite: 'Strict' }]);
      expect(await page.evaluate(() => document.cookie + JSON.stringify({ ...localStorage }))).not.toMatch(
        /signalbox=|sbx_/,
      );
      await page.screenshot({ path: join(pictures, 'viewer.png') });
      expect(readFileSync(join(pictures, 'viewer.png')).length).toBeGreaterThan(20_000);
      expect(misdeeds.foreign).toEqual([]);
      expect(await misdeeds.policy()).toEqual([]);
      // Chromium itself writes a line for each answer of 400 and above
      expect(misdeeds.console.filter((line) => !line.startsWith('Failed to load resource'))).toEqual([]);
    });

    it('a viewer has no button that moves the clock, a trader has', async () => {
      const { page } = await open();
      await login(page, 'viewer@example.org');
      await live(page);
      await page.getByText('viewer@example.org · viewer').waitFor();
      expect(await page.getByRole('group', { name: 'Clock of the demo world' }).count()).toBe(0);
      await page.getByRole('button', { name: 'Log out' }).click();
      await login(page, 'trader@example.org');
      await live(page);
      moved.length = 0;
      await page.getByRole('button', { name: 'Pause the clock' }).click();
      await expect.poll(() => moved).toEqual(['pause']);
    });

    it('after a log out, and when an admin ends the login, it asks again and shows nothing of the desk', async () => {
      const { page } = await open();
      await login(page, 'trader@example.org');
      await live(page);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByLabel('Password').waitFor();
      await page.reload();
      await page.getByLabel('Password').waitFor();
      await login(page, 'trader@example.org');
      await live(page);
      await stage.pool.query('DELETE FROM dw.login_session');
      await page.getByText('Your login has ended').waitFor({ timeout: 15_000 });
      expect(await page.locator('.card').count()).toBe(0);
    });

    it('a page of another port of the same machine, to which the cookie does go, can change nothing and read nothing', async () => {
      const { page } = await open();
      await login(page, 'trader@example.org');
      await live(page);
      // the same site as far as cookies go: SameSite alone does not help here
      const evil = `http://localhost:${(foreign.address() as AddressInfo).port}/`;
      const attack = await context!.newPage();
      await attack.goto(evil);
      moved.length = 0;
      const sent: string[] = [];
      attack.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
      const read = await attack.evaluate(async (target) => {
        const body = '{"action":"pause"}';
        const ask = (init: RequestInit): Promise<string> =>
          fetch(`${target}/api/clock`, { credentials: 'include', ...init }).then(
            (answer) => `${answer.type} ${answer.status}`,
            () => 'refused by the browser',
          );
        const results = [
          await ask({ method: 'POST', mode: 'no-cors', body }),
          await ask({ method: 'POST', mode: 'no-cors', body, headers: { 'content-type': 'text/plain' } }),
          await ask({ method: 'POST', body, headers: { 'content-type': 'application/json' } }),
          await ask({}),
        ];
        const socket = await new Promise<string>((resolve) => {
          const opened = new WebSocket(`${target.replace('http', 'ws')}/ws/trading-signals`);
          opened.onopen = () => resolve('open');
          opened.onerror = () => resolve('refused');
        });
        const form = Object.assign(document.createElement('form'), {
          method: 'post',
          action: `${target}/api/clock`,
          enctype: 'text/plain',
        });
        const input = Object.assign(document.createElement('input'), { name: '{"action":"pause","x":"', value: '"}' });
        form.append(input);
        document.body.append(form);
        form.submit();
        return [...results, socket];
      }, stage.dashboard.url);
      // `opaque`: it was sent, and nothing of the answer can be seen
      expect(read).toEqual(['opaque 0', 'opaque 0', 'refused by the browser', 'refused by the browser', 'refused']);
      await attack.waitForURL(`${stage.dashboard.url}/api/clock`);
      expect(JSON.parse(await attack.locator('body').innerText())).toMatchObject({ code: 'ORIGIN_NOT_ALLOWED' });
      expect(sent).toContain('POST /api/clock');
      expect(moved).toEqual([]);
      const frame = await context!.newPage();
      await frame.goto(evil);
      // how much of the page stands in a frame of the other one
      const framed = async (): Promise<number> => {
        const loaded = frame.waitForEvent('framenavigated', (each) => each !== frame.mainFrame());
        await frame.evaluate((target) => {
          document.querySelector('iframe')?.remove();
          document.body.append(Object.assign(document.createElement('iframe'), { src: target }));
        }, stage.dashboard.url);
        const inner = await loaded;
        await inner.waitForLoadState();
        return inner.locator('#root').count();
      };
      expect(await framed()).toBe(0);
      // without what the host says of frames it would
      await frame.route(`${stage.dashboard.url}/`, async (route) => {
        const answer = await route.fetch();
        const { 'content-security-policy': _, 'x-frame-options': __, ...headers } = answer.headers();
        await route.fulfill({ response: answer, headers });
      });
      expect(await framed()).toBe(1);
    });

    it('on a host that asks nobody there is no login and nobody is named', async () => {
      const open_ = await openStage({ world: 'simulated', control, events: true });
      Object.assign(open_.clock, { mode: 'replay', speed: 60 });
      try {
        await seed(open_.pool);
        const { page, asked } = await open(open_.dashboard.url);
        await live(page);
        expect(await page.getByLabel('Password').count()).toBe(0);
        expect(await page.getByRole('button', { name: 'Log out' }).count()).toBe(0);
        await page.getByRole('button', { name: 'Pause the clock' }).waitFor();
        expect(asked).not.toContain('/api/ws-ticket');
      } finally {
        await open_.close();
      }
    });
  },
);
