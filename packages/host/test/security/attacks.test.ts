import { connect } from 'node:net';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MODELS_ROUTES } from '../../src/services/models/index.js';
import { listen } from '../../src/services/listen.js';
import { openStage, type Stage } from '../api/stage.js';
import { closedAccess, cookieOf, giveKey, giveUser, PASSWORD, post } from './gate.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ access: closedAccess() });
});
afterAll(() => stage.close());

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** As it stands: `fetch` would mend the path first. */
function raw(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.once('end', () => resolve({ status: answer.statusCode!, text }));
    });
    asked.once('error', reject);
    asked.end();
  });
}

/** What a socket hears until it is closed, and after how long. */
function spoken(port: number, text: string): Promise<{ text: string; ms: number }> {
  const began = performance.now();
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let heard = '';
    socket.on('data', (chunk) => (heard += String(chunk)));
    socket.on('error', () => {});
    socket.once('close', () => resolve({ text: heard, ms: performance.now() - began }));
  });
}

describe('without a key', () => {
  it('no way of writing a path leads past the middleware', async () => {
    const paths = [
      '//api/models',
      '/api//models',
      '/api/models/',
      '/API/MODELS',
      '/api/%6dodels',
      '/%61pi/models',
      '/api/health/../models',
      '/api/health/..%2fmodels',
      '/api/health%2f..%2fmodels',
      '/api/session/../../api/models',
      '/assets/../api/models',
      '/index.html/../api/models',
      '/api/models;/api/health',
      '/api/models%00/api/health',
      '/api/models?x=/api/health',
      '/api/models#/api/health',
      '/api/health?/../models',
      '\\api\\models',
      '/api\\models',
      '/./api/models',
      '/.well-known/../api/models',
      'http://localhost/api/models',
      'http://localhost/api/health/../models',
      '/..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/assets/..%2f..%2f..%2f..%2fetc%2fpasswd',
    ];
    const seen: unknown[] = [];
    for (const { port } of [stage.models, stage.trading, stage.analytics, stage.dashboard])
      for (const path of paths) {
        const { status, text } = await raw(port, path);
        if (/"models"|"strategy_code"|root:|"dependencies"/.test(text))
          seen.push([port, path, status, text.slice(0, 80)]);
        // the page itself is for everybody, the health of the host, too
        const page = text.startsWith('<!doctype html>') || text.includes('"database"');
        if (status < 400 && !page) seen.push([port, path, status, text.slice(0, 80)]);
      }
    expect(seen).toEqual([]);
  });

  it('no header changes the method, the path, the address or the role', async () => {
    const seen: unknown[] = [];
    for (const headers of [
      { 'x-http-method-override': 'GET' },
      { 'x-method-override': 'OPTIONS' },
      { 'x-original-url': '/api/health' },
      { 'x-rewrite-url': '/api/health' },
      { 'x-forwarded-for': '127.0.0.1' },
      { 'x-forwarded-user': 'admin' },
      { 'x-remote-user': 'admin' },
      { 'x-role': 'admin' },
      { forwarded: 'for=127.0.0.1' },
      { authorization: 'Bearer ' },
      { authorization: 'Bearer null' },
      { authorization: 'Bearer undefined' },
      { authorization: 'bearer' },
      { authorization: 'Basic Og==' },
      { cookie: 'signalbox=' },
      { cookie: 'signalbox=null; __Host-signalbox=null' },
      { 'x-api-key': 'null' },
    ] as Record<string, string>[]) {
      for (const method of ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
        const { status } = await raw(stage.models.port, '/api/clock', headers, method);
        if (status !== 401) seen.push([headers, method, status]);
      }
    }
    expect(seen).toEqual([]);
  });

  it('throttling of logins counts the connection’s address, whatever a header says', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'brute@example.org');
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++) {
      const headers = { 'x-forwarded-for': `10.0.0.${i}`, 'x-real-ip': `10.0.0.${i}` };
      const spelled = i % 2 ? email : ` ${email.toUpperCase()} `;
      statuses.push(
        (await post(`${stage.models.url}/api/login`, { email: spelled, password: 'wrong' }, headers)).status,
      );
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    // the right one opens nothing either, until the time is over
    expect((await post(`${stage.models.url}/api/login`, { email, password: PASSWORD })).status).toBe(429);
  });
});

describe('names and origins', () => {
  it('no other name is served, however it is written; ours is in any case and on any port', async () => {
    const { headers } = await giveKey(stage.pool, 'admin', 'hosts');
    const of = async (host: string): Promise<number> =>
      (await raw(stage.models.port, '/api/models', { ...headers, host })).status;
    for (const host of ['localhost', 'LOCALHOST', 'localhost:1', '127.0.0.1:65535', '[::1]'])
      expect([host, await of(host)]).toEqual([host, 200]);
    for (const host of [
      'evil.example',
      'evil.example:80',
      'localhost.evil.example',
      'evil.example/localhost',
      'localhost@evil.example',
      'evil.example#localhost',
      'evil.example?localhost',
      'evil.example\\localhost',
      'localhost evil.example',
      '127.0.0.1.evil.example',
      'localhost,evil.example',
    ])
      expect([host, await of(host)]).toEqual([host, 403]);
    // two of them, an empty one, and none
    const { port } = stage.models;
    const empty = await spoken(port, 'GET /api/health HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n');
    expect(empty.text).toMatch(/^HTTP\/1\.1 403/);
    const two = await spoken(
      port,
      'GET /api/health HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(two.text).toMatch(/^HTTP\/1\.1 40[03]/);
    expect((await spoken(port, 'GET /api/health HTTP/1.0\r\n\r\n')).text).toMatch(/^HTTP\/1\.1 403/);
  });

  it('a login from another site’s form logs nobody in', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'form@example.org');
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ] as Record<string, string>[]) {
      const answer = await post(`${stage.models.url}/api/login`, { email, password: PASSWORD }, headers);
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
    }
  });
});

describe('logins', () => {
  it('a cookie that was there before the login is worth nothing after it; each login has its own', async () => {
    const email = await giveUser(stage.pool, 'viewer', 'fixed@example.org');
    const fixed = `signalbox=${'a'.repeat(43)}`;
    const answer = await post(`${stage.models.url}/api/login`, { email, password: PASSWORD }, { cookie: fixed });
    const given = answer.headers.get('set-cookie')!.split(';')[0]!;
    expect([answer.status, given === fixed]).toEqual([200, false]);
    const of = (cookie: string) => raw(stage.models.port, '/api/models', { cookie }).then(({ status }) => status);
    expect([await of(given), await of(fixed)]).toEqual([200, 401]);
    expect(await cookieOf(stage.models.url, email)).not.toBe(given);
  });

  it('what is no login is refused by its shape, whatever types stand in it', async () => {
    for (const body of [
      {},
      [],
      null,
      'x',
      { email: { $ne: null }, password: 'x' },
      { email: ['a'], password: 'b' },
      { email: 'a@b.c', password: 'x', role: 'admin' },
      { email: 'a@b.c', password: 'x'.repeat(257) },
      { email: `a${'\u0000'}@b.c`, password: 'x' },
    ])
      expect([body, (await post(`${stage.models.url}/api/login`, body)).status]).toEqual([
        body,
        expect.toSatisfy((status: number) => status === 422 || status === 401),
      ]);
    expect(stage.errors).toEqual([]);
  });
});

describe('an admin who sends nonsense', () => {
  it('gets no 500 from any route for a NUL, a quote, a path or a number that is none, wherever a text may stand', async () => {
    const { headers } = await giveKey(stage.pool, 'admin', 'nonsense');
    const nonsense = [
      '%00',
      'a%00b',
      "'%20OR%201=1--",
      '..%2f..%2f',
      '%ff',
      '-1',
      '1e999',
      'NaN',
      '__proto__',
      'x'.repeat(3000),
    ];
    const failed: string[] = [];
    const ask = async (path: string): Promise<void> => {
      const { status, text } = await raw(stage.models.port, path, headers);
      if (status === 500) failed.push(`${path.slice(0, 100)}: ${text}`);
      if (/SELECT |relation |at Object\.|node_modules|postgres:/i.test(text))
        failed.push(`${path}: ${text.slice(0, 200)}`);
    };
    // explaining asks the whole pipeline, which is not on this stage
    for (const { path, query } of MODELS_ROUTES.filter(
      (each) => each.method === 'GET' && !each.path.endsWith('/explain'),
    ))
      for (const odd of nonsense) {
        if (path.includes(':')) await ask(path.replace(/:\w+/g, odd));
        for (const name of Object.keys(query.properties)) await ask(`${path.replace(/:\w+/g, 'ALPHA')}?${name}=${odd}`);
      }
    const text = 'a\u0000b';
    const bodies: readonly (readonly [string, unknown])[] = [
      ['/api/risk/ALPHA/reset', { reason: text }],
      ['/api/cycles', { symbol: text, bar_time: text }],
      [
        '/api/models/ALPHA/signals',
        { symbol: text, bar_time: text, signal: 'flat', confidence: null, reasoning: text },
      ],
      ['/api/ingest/bars', { bars: [{ symbol: text, time: text, open: 1, high: 1, low: 1, close: 1, source: text }] }],
      ['/api/ingest/macro', { rows: [{ date: '2025-03-05', dxy: 1, source: text }] }],
    ];
    for (const [path, body] of bodies) {
      const answer = await post(`${stage.models.url}${path}`, body, headers);
      expect([path, answer.status, await answer.text()]).toEqual([path, 422, expect.stringContaining('NUL')]);
    }
    expect(failed).toEqual([]);
    expect(stage.errors).toEqual([]);
  });
});

describe('slow and large requests', () => {
  it('headers beyond 16 KB are 431; a body beyond 1 MB is 413, and unread from who is nobody', async () => {
    const { headers } = await giveKey(stage.pool, 'trader', 'large');
    expect((await raw(stage.models.port, '/api/health', { 'x-large': 'x'.repeat(20_000) })).status).toBe(431);
    const body = { action: 'x'.repeat(1024 * 1024 + 1) };
    expect((await post(`${stage.models.url}/api/clock`, body, headers)).status).toBe(413);
    const nobody = await spoken(
      stage.models.port,
      'POST /api/clock HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\nConnection: close\r\n\r\n',
    );
    expect(nobody.text).toMatch(/^HTTP\/1\.1 401/);
  });

  it('a head or a body that comes by drips is cut off in time', async () => {
    const { headers } = await giveKey(stage.pool, 'trader', 'slow');
    const service = await listen(stage.services.models, { port: 0, patience: { head: 300, request: 500 } });
    try {
      const { port } = service;
      const head = await spoken(port, 'GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
      const body = await spoken(
        port,
        `POST /api/clock HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"a`,
      );
      for (const { text, ms } of [head, body]) {
        expect(text).toMatch(/^(HTTP\/1\.1 408|$)/);
        expect(ms).toBeLessThan(5_000);
      }
    } finally {
      await service.close();
    }
  });
});
