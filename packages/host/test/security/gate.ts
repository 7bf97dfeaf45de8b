import { Agent, request } from 'node:http';
import type { Pool } from 'pg';
import { Access, type AccessOptions } from '../../src/security/access.js';
import { hashPassword } from '../../src/security/passwords.js';
import type { GrantedRole } from '../../src/security/roles.js';
import { newKey } from '../../src/security/secrets.js';
import { addKey } from '../../src/stores/postgres/credentials.js';
import { addUser } from '../../src/stores/postgres/accounts.js';

/** Enough that only a test of limits meets them. */
export const AMPLE = { points: 1_000_000, seconds: 60 };

export const closedAccess =
  (options: Partial<AccessOptions> = {}) =>
  (pool: Pool): Access =>
    new Access({ required: true, rate: AMPLE, database: () => pool, ...options });

export async function giveKey(pool: Pool, role: GrantedRole, name: string = role, expiresAt: number | null = null) {
  const { id, key, digest } = newKey();
  await addKey(pool, 'test', { id, name, role, expiresAt, digest });
  return { id, key, headers: { authorization: `Bearer ${key}` } };
}

export const PASSWORD = 'correct horse battery staple';

export async function giveUser(pool: Pool, role: GrantedRole, email = `${role}@example.org`): Promise<string> {
  await addUser(pool, 'test', { email, name: null, role, passwordHash: await hashPassword(PASSWORD) });
  return email;
}

const agent = new Agent({ keepAlive: true, maxSockets: 20 });

/** The status alone, ten times as cheap as `fetch`: for tests of thousands of requests. */
export function statusOf(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
  body?: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const asked = request(url, { method, headers: { ...headers, ...length }, agent }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode!));
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

/** As the page sends it. */
export const post = (
  url: string,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    body: JSON.stringify(body),
  });

/** The cookie of a new login, as a request carries it. */
export async function cookieOf(url: string, email: string): Promise<string> {
  const answer = await post(`${url}/api/login`, { email, password: PASSWORD });
  if (answer.status !== 200) throw new Error(await answer.text());
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}
