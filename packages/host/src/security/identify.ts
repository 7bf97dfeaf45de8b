import type { IncomingHttpHeaders } from 'node:http';
import type { Queryable } from '../stores/postgres/pool.js';
import { validKey, validSession } from '../stores/postgres/credentials.js';
import type { Caller } from './caller.js';
import { digestOf, parseKey, sameDigest } from './secrets.js';

/** How long a caller stays known without asking the database: a revoked key works so long at most. */
const KNOWN_MS = 2_000;
const MOST = 5_000;

/** What a request says of who sends it. */
export type Credential =
  | { readonly kind: 'key'; readonly id: string; readonly digest: Buffer }
  | { readonly kind: 'session'; readonly digest: Buffer };

/** The session cookie's name; behind TLS a browser guards it against being set by another host or without TLS. */
export const cookieName = (https: boolean): string => (https ? '__Host-signalbox' : 'signalbox');

/**
 * `Authorization: Bearer KEY`, `X-API-Key: KEY`, or the cookie of a login. A key goes before a cookie; two different keys are
 * none. `false`: something was said that can be no credential.
 */
export function credentialOf(headers: IncomingHttpHeaders, https: boolean): Credential | undefined | false {
  const { authorization, cookie } = headers;
  const plain = headers['x-api-key'];
  const said = [
    ...(authorization === undefined ? [] : [/^Bearer ([\w-]{1,100})$/i.exec(authorization)?.[1]]),
    ...(plain === undefined ? [] : [String(plain)]),
  ];
  if (said.length > 0) {
    const key = new Set(said).size === 1 ? parseKey(said[0] ?? '') : undefined;
    return key ? { kind: 'key', ...key } : false;
  }
  const name = `${cookieName(https)}=`;
  const token = cookie
    ?.split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(name))
    ?.slice(name.length);
  return token === undefined || token === '' ? undefined : { kind: 'session', digest: digestOf(token) };
}

/** Who callers are, asked of the database at most every two seconds each. */
export class Identities {
  readonly #known = new Map<string, { caller: Caller | undefined; until: number }>();

  constructor(
    private readonly database: () => Queryable,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Of a caller who was asked for a moment ago. */
  recent(credential: Credential): { caller: Caller | undefined } | undefined {
    const found = this.#known.get(nameOf(credential));
    return found && found.until > this.now() ? found : undefined;
  }

  /** Undefined when the credential is not, or no longer, valid. Rejects when the database does not answer. */
  async find(credential: Credential, address: string): Promise<Caller | undefined> {
    const caller = await this.read(credential, address);
    const name = nameOf(credential);
    this.#known.delete(name);
    this.#known.set(name, { caller, until: this.now() + KNOWN_MS });
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!);
    return caller;
  }

  forget(): void {
    this.#known.clear();
  }

  private async read(credential: Credential, address: string): Promise<Caller | undefined> {
    if (credential.kind === 'key') {
      const key = await validKey(this.database(), credential.id);
      if (!key || !sameDigest(key.digest, credential.digest)) return undefined;
      return { kind: 'key', id: `key:${credential.id}`, name: `key ${key.name}`, role: key.role, address };
    }
    const user = await validSession(this.database(), credential.digest);
    if (!user) return undefined;
    return { kind: 'session', id: nameOf(credential), name: user.email, role: user.role, address };
  }
}

/** Never holds a secret: the digest of one. */
const nameOf = (credential: Credential): string =>
  credential.kind === 'key'
    ? `key:${credential.id}:${credential.digest.toString('base64url')}`
    : `session:${credential.digest.toString('base64url')}`;
