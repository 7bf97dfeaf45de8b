import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEngine } from '@signalbox/core';
import { fixtureWorld } from '@signalbox/core/testing';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumArguments, findChromium } from '../../packages/dashboard/test/chromium.js';
import { describe, expect, it } from 'vitest';
import breakout from 'signalbox-strategy-breakout';

const here = import.meta.dirname;
const programs = readdirSync(here).filter((name) => /\.m?js$/.test(name) && !name.includes('.test.'));
const run = async (name, ...args) => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(here, name), ...args]);
  return stdout.trim().split('\n');
};
async function signalsOf(bars) {
  const signals = [];
  for await (const event of createEngine().use(breakout).run(bars))
    if (event.type === 'signal') signals.push(event.signal);
  return signals;
}

describe('examples of embedding', () => {
  it.each(programs)('%s has at most 20 lines', (name) => {
    expect(readFileSync(join(here, name), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(20);
  });

  it('signals.mjs: a signal for each bar of the last hour, with its reason', async () => {
    const lines = await run('signals.mjs');
    expect(lines).toHaveLength(12);
    for (const line of lines) expect(line).toMatch(/^2026-\S+Z (long|short|flat|close) hour -?\d+\.\d ATR/);
  });

  it('own-strategy.mjs: what is opened is closed', async () => {
    const lines = await run('own-strategy.mjs');
    const count = (word) => lines.filter((line) => line.startsWith(word)).length;
    expect(count('open')).toBeGreaterThan(5);
    expect(count('open')).toBe(count('close'));
  });

  it('own-feature.mjs: the log return of half an hour, missing while there is none', async () => {
    const { bars } = fixtureWorld({ sessions: 2 });
    const values = (await run('own-feature.mjs')).map((line) => Number(line.split(' ')[1]));
    expect(values).toHaveLength(bars.length);
    values.forEach((value, i) => {
      if (i < 6) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(Math.log(bars[i].close / bars[i - 6].close), 12);
    });
  });

  it('csv.mjs: the same equity as the same bars without the file', async () => {
    const { bars } = fixtureWorld({ seed: 7 });
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-csv-'));
    const rows = bars.map((bar) => [
      new Date(bar.time).toISOString(),
      bar.open,
      bar.high,
      bar.low,
      bar.close,
      bar.volume,
    ]);
    writeFileSync(join(folder, 'bars.csv'), ['time,open,high,low,close,volume', ...rows.map(String)].join('\n'));
    let equity;
    for await (const event of createEngine().use(breakout).run(bars))
      if (event.type === 'equity') equity = event.mark.equity;
    expect(await run('csv.mjs', join(folder, 'bars.csv'))).toEqual([`equity ${equity}`]);
    rmSync(folder, { recursive: true });
  });

  const browser = findChromium();
  it.skipIf(!browser)('worker.js in a real browser says what Node says', async () => {
    const { outputFiles } = await build({
      entryPoints: [join(here, 'worker.js')],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    });
    const server = createServer((request, response) => {
      const script = request.url === '/worker.js';
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      response.end(script ? Buffer.from(outputFiles[0].contents) : '<!doctype html><title>worker</title>');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const chrome = await chromium.launch({ executablePath: browser, args: chromiumArguments() });
    try {
      const page = await chrome.newPage();
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      const { bars } = fixtureWorld({ seed: 7 });
      const seen = await page.evaluate(
        (bars) =>
          new Promise((resolve, reject) => {
            const signals = [];
            const worker = new window.Worker('/worker.js', { type: 'module' });
            worker.onerror = (event) => reject(new Error(event.message));
            worker.onmessage = ({ data }) => (data ? signals.push(data) : resolve(signals));
            worker.postMessage(bars);
          }),
        bars,
      );
      expect(seen.length).toBeGreaterThan(300);
      expect(seen).toEqual(await signalsOf(bars));
    } finally {
      await chrome.close();
      server.close();
    }
  });
});
