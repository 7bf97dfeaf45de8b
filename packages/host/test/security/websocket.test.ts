import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { revokeKey } from '../../src/stores/postgres/credentials.js';
import { openStage, type Stage } from '../api/stage.js';
import { closedAccess, cookieOf, giveKey, giveUser, post } from './gate.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ access: closedAccess() });
});
afterAll(() => stage.close());

/** 101 when it opens, else the status of the refusal. */
function open(query = '', headers: Record<string, string> = {}): Promise<{ status: number; socket: WebSocket }> {
  const socket = new WebSocket(`${stage.dashboard.url.replace('http', 'ws')}/ws/trading-signals${query}`, { headers });
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('open', () => resolve({ status: 101, socket }));
    socket.once('unexpected-response', (_, response) => resolve({ status: response.statusCode!, socket }));
  });
}
const status = async (query = '', headers: Record<string, string> = {}): Promise<number> => {
  const { status, socket } = await open(query, headers);
  socket.terminate();
  return status;
};
const ticket = async (headers: Record<string, string>): Promise<string> =>
  ((await (await post(`${stage.dashboard.url}/api/ws-ticket`, {}, headers)).json()) as { ticket: string }).ticket;

describe('a WebSocket', () => {
  it('opens by key in a header, or by ticket, and by nothing else', async () => {
    const { key, headers } = await giveKey(stage.pool, 'viewer', 'ws');
    const cookie = await cookieOf(stage.dashboard.url, await giveUser(stage.pool, 'viewer', 'ws@example.org'));
    expect(await status('', headers)).toBe(101);
    expect(await status(`?ticket=${await ticket({ cookie })}`)).toBe(101);
    expect(await status()).toBe(401);
    // browsers send it whichever page asks
    expect(await status('', { cookie })).toBe(401);
    expect(await status(`?ticket=${key}`)).toBe(401);
    expect(await status('?ticket=x')).toBe(401);
    for (const name of ['api_key', 'key', 'token', 'access_token']) expect(await status(`?${name}=${key}`)).toBe(401);
    expect(await status('', { authorization: `Bearer ${key.slice(0, -1)}x` })).toBe(401);
  });

  it('a ticket opens one connection', async () => {
    const cookie = await cookieOf(stage.dashboard.url, await giveUser(stage.pool, 'viewer', 'once@example.org'));
    const once = await ticket({ cookie });
    expect(await status(`?ticket=${once}`)).toBe(101);
    expect(await status(`?ticket=${once}`)).toBe(401);
    const unused = await ticket({ cookie });
    expect(unused).not.toBe(once);
    // whose login has ended
    await post(`${stage.dashboard.url}/api/logout`, {}, { cookie });
    expect(await status(`?ticket=${unused}`)).toBe(401);
  });

  it('opens for no page of another site, with whatever key, and under no foreign name', async () => {
    const { headers } = await giveKey(stage.pool, 'viewer', 'origin');
    expect(await status('', { ...headers, origin: 'https://evil.example' })).toBe(403);
    expect(await status('', { ...headers, origin: 'null' })).toBe(403);
    expect(await status('', { ...headers, host: 'evil.example' })).toBe(403);
    expect(await status('', { ...headers, origin: stage.dashboard.url })).toBe(101);
  });

  it('is closed within five seconds when its key is revoked, its login ends, or its user is removed', async () => {
    const { id, headers } = await giveKey(stage.pool, 'viewer', 'cut');
    const cookie = await cookieOf(stage.dashboard.url, await giveUser(stage.pool, 'viewer', 'cut@example.org'));
    const other = await cookieOf(stage.dashboard.url, await giveUser(stage.pool, 'viewer', 'gone@example.org'));
    const stays = await open('', (await giveKey(stage.pool, 'viewer', 'stays')).headers);
    const sockets = [
      await open('', headers),
      await open(`?ticket=${await ticket({ cookie })}`),
      await open(`?ticket=${await ticket({ cookie: other })}`),
    ];
    expect(sockets.map((each) => each.status)).toEqual([101, 101, 101]);
    const ends = sockets.map(
      ({ socket }) => new Promise<number>((resolve) => socket.once('close', (code) => resolve(code))),
    );
    const began = Date.now();
    await revokeKey(stage.pool, 'test', id);
    await post(`${stage.dashboard.url}/api/logout`, {}, { cookie });
    await stage.pool.query(`DELETE FROM users WHERE email = 'gone@example.org'`);
    expect(await Promise.all(ends)).toEqual([1008, 1008, 1008]);
    expect(Date.now() - began).toBeLessThan(6_000); // five, and the machine's own
    expect(stays.socket.readyState).toBe(WebSocket.OPEN);
    stays.socket.terminate();
  }, 20_000);

  it('one caller has at most 20 of them', async () => {
    const { headers } = await giveKey(stage.pool, 'viewer', 'many');
    const sockets = await Promise.all(Array.from({ length: 40 }, () => open('', headers)));
    expect(sockets.map((each) => each.status).sort()).toEqual([...Array(20).fill(101), ...Array(20).fill(503)]);
    for (const { socket } of sockets) socket.terminate();
  });
});
