import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStage, seed, type Stage } from './stage.js';

let stage: Stage;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-page-'));
  const dist = join(folder, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dist, 'index.html'), '<!doctype html><title>Signalbox</title>');
  writeFileSync(join(dist, 'assets/index-Ab12_-9z.js'), 'export {};');
  writeFileSync(join(dist, 'assets/index-Ab12_-9z.js.map'), '{}');
  writeFileSync(join(dist, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  stage = await openStage({ pageFolder: dist });
  await seed(stage.pool);
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port: stage.dashboard.port, path, headers, method },
      (response) => {
        let text = '';
        response
          .on('data', (chunk) => (text += chunk))
          .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      },
    );
    request.on('error', reject).end();
  });
}

describe('the page', () => {
  it.each(['/', '/index.html', '/signals/12', '/?tz=UTC'])(
    '%s is the page, with a policy without inline code or frames',
    async (path) => {
      const { status, headers, text } = await get(path);
      expect(status).toBe(200);
      expect(text).toContain('<title>Signalbox</title>');
      expect(headers['content-type']).toBe('text/html; charset=utf-8');
      const policy = headers['content-security-policy']!;
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*|http/);
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['x-content-type-options']).toBe('nosniff');
    },
  );

  it('a hashed file is kept for good, others are asked for again and answered by 304', async () => {
    const hashed = await get('/assets/index-Ab12_-9z.js');
    expect(hashed.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    const first = await get('/icon.svg');
    expect(first.headers).toMatchObject({ 'content-type': 'image/svg+xml', 'cache-control': 'no-cache' });
    const again = await get('/icon.svg', { 'if-none-match': first.headers.etag! });
    expect(again).toMatchObject({ status: 304, text: '' });
    expect((await get('/icon.svg', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/index-Ab12_-9z.js.map',
    '/nothing.js',
  ])('%s gives nothing away', async (path) => {
    const { status, text } = await get(path);
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({ status_code: 404, code: 'ROUTE_UNKNOWN' });
  });

  it('its own origin answers the routes of both services, and refuses what they refuse', async () => {
    expect(JSON.parse((await get('/api/health')).text)).toMatchObject({ status: 'healthy' });
    expect(JSON.parse((await get('/api/models/signals/latest')).text).signals).toHaveLength(2);
    expect(JSON.parse((await get('/api/candlesticks/USDCOP?limit=2')).text).count).toBe(2);
    expect(JSON.parse((await get('/openapi.json')).text).openapi).toBe('3.1.0');
    expect((await get('/api/nothing')).status).toBe(404);
    expect((await get('/', {}, 'POST')).status).toBe(405);
    expect((await get('/api/models', {}, 'POST')).status).toBe(405);
    expect((await get('/', { host: 'evil.example' })).status).toBe(403);
    expect(await get('/', {}, 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  it('one that is not built says so, and how to build it', async () => {
    const unbuilt = await openStage({ pageFolder: join(folder, 'none') });
    const { status, body } = await unbuilt.get('/', unbuilt.dashboard);
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'PAGE_NOT_BUILT', detail: expect.stringContaining('npm run build') });
    await unbuilt.close();
  });
});
