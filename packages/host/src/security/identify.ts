import type { IncomingHttpHeaders } from 'node:http';
import type { Queryable } from '../stores/postgres/pool.js';
import { noteKeyUse, noteSessionUse, validKey, validSession } from '../stores/postgres/credentials.js';
import type { Caller } from './caller.js';
import { Lane } from './lane.js';
import { digestOf, parseKey, sameDigest } from './secrets.js';

/** How long a caller stays known without asking the database: a revoked key works so long at most. */
const KNOWN_MS = 2_000;
const MOST = 5_000;
/** Lookups at one time, and those that may wait: of ten connections most stay for work, whatever junk is sent. */
const LOOKUPS = 4;
const LOOKUPS_WAITING = 1_000;
const LOOKUP_WAITS_MS = 2_000;

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

/** Whom a credential belongs to; where he calls from is each request's own. */
export type Identity = Omit<Caller, 'address'>;

interface Known {
  readonly identity: Identity | undefined;
  readonly until: number;
  /** When it was last used is written down again with its next use. */
  stale: boolean;
}

/** Who callers are, asked of the database at most every two seconds each, and a few at one time. */
export class Identities {
  readonly #known = new Map<string, Known>();
  readonly #asked = new Map<string, Promise<Identity | undefined>>();
  readonly #lane = new Lane(LOOKUPS, LOOKUPS_WAITING, LOOKUP_WAITS_MS);
  #forgotten = 0;

  constructor(
    private readonly database: () => Queryable,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * Undefined when the credential is not, or no longer, valid. Rejects when the database does not answer.
   * @throws BUSY
   */
  async find(credential: Credential): Promise<Identity | undefined> {
    const name = nameOf(credential);
    const known = this.#known.get(name);
    if (known && known.until > this.now()) return known.identity;
    let asked = this.#asked.get(name);
    if (!asked) {
      asked = this.#lane
        .run(() => this.ask(credential, name))
        .finally(() => {
          if (this.#asked.get(name) === asked) this.#asked.delete(name);
        });
      this.#asked.set(name, asked);
    }
    return asked;
  }

  /**
   * Writes down that a valid credential was used, when that was not done for a minute. Nobody waits for it, and a store that
   * cannot be written to lets its readers in all the same.
   */
  used(credential: Credential): void {
    const known = this.#known.get(nameOf(credential));
    if (!known?.identity || !known.stale) return;
    known.stale = false;
    const noted =
      credential.kind === 'key'
        ? noteKeyUse(this.database(), credential.id)
        : noteSessionUse(this.database(), credential.digest);
    noted.catch(() => {});
  }

  forget(): void {
    this.#known.clear();
    // what is being asked for was asked before
    this.#asked.clear();
    this.#forgotten++;
  }

  private async ask(credential: Credential, name: string): Promise<Identity | undefined> {
    const before = this.#forgotten;
    const { identity, stale } = await this.read(credential);
    if (before !== this.#forgotten) return identity;
    this.#known.delete(name);
    this.#known.set(name, { identity, stale, until: this.now() + KNOWN_MS });
    if (this.#known.size > MOST) this.#known.delete(this.#known.keys().next().value!);
    return identity;
  }

  private async read(credential: Credential): Promise<Pick<Known, 'identity' | 'stale'>> {
    if (credential.kind === 'key') {
      const key = await validKey(this.database(), credential.id);
      if (!key || !sameDigest(key.digest, credential.digest)) return { identity: undefined, stale: false };
      const id = `key:${credential.id}`;
      return { identity: { kind: 'key', id, name: `key ${key.name}`, role: key.role }, stale: key.stale };
    }
    const user = await validSession(this.database(), credential.digest);
    if (!user) return { identity: undefined, stale: false };
    const id = nameOf(credential);
    return { identity: { kind: 'session', id, name: user.email, role: user.role }, stale: user.stale };
  }
}

/** Never holds a secret: the digest of one. */
const nameOf = (credential: Credential): string =>
  credential.kind === 'key'
    ? `key:${credential.id}:${credential.digest.toString('base64url')}`
    : `session:${credential.digest.toString('base64url')}`;
