import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { SignalboxError } from '@signalbox/core';
import { writeAudit, type AuditEntry } from '../stores/postgres/audit.js';
import { endSession, openSession } from '../stores/postgres/credentials.js';
import { findUser } from '../stores/postgres/accounts.js';
import { anonymousCaller, openCaller, unknownCaller, type Caller } from './caller.js';
import { cookieName, credentialOf, Identities, type Credential, type Identity } from './identify.js';
import { checkPassword } from './passwords.js';
import { mayDo, type Role } from './roles.js';
import { digestOf, newToken } from './secrets.js';
import { Throttle, type Limit } from './throttle.js';
import { Tickets } from './tickets.js';

export interface AccessOptions {
  /** Whether callers have to say who they are; without it everybody may do everything: on loopback only. */
  readonly required: boolean;
  /** Browsers come by https, through a proxy that ends TLS: cookies are for it alone. */
  readonly https?: boolean;
  /** The world's pool, which may change; without one nothing is audited. */
  readonly database?: () => Pool;
  /** Requests of one key, session or address; 600 a minute by default. Not counted where nobody has to say who he is. */
  readonly rate?: Limit;
  /** Wrong passwords for one account from one address; 5 in 15 minutes by default. */
  readonly tries?: Limit;
  /** Failures to write the audit of a login. */
  readonly onError?: (error: unknown) => void;
}

export interface LoggedIn {
  readonly caller: Caller;
  /** `Set-Cookie`. */
  readonly cookie: string;
}

const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/** Who asks, what he may do, how often, and what is written down of it: for HTTP and WebSockets alike. */
export class Access {
  readonly open: boolean;
  private readonly identities: Identities;
  private readonly tickets = new Tickets();
  private readonly rate: Throttle;
  private readonly tries: Throttle;
  private readonly triesOfAddress: Throttle;
  private readonly callers = new WeakMap<Caller, Credential>();
  private passwords = 0;

  constructor(private readonly options: AccessOptions) {
    this.open = !options.required;
    this.identities = new Identities(() => this.database());
    const rate = options.rate ?? { points: 600, seconds: 60 };
    this.rate = new Throttle(rate, 'RATE_LIMITED', `more than ${rate.points} requests in ${rate.seconds} s`);
    const tries = options.tries ?? { points: 5, seconds: 900 };
    this.tries = new Throttle(tries, 'LOGIN_THROTTLED', 'too many wrong passwords for this account');
    const wide = { ...tries, points: tries.points * 10 };
    this.triesOfAddress = new Throttle(wide, 'LOGIN_THROTTLED', 'too many wrong passwords from this address');
  }

  /**
   * Who sends a request. What he says wrongly makes him nobody where `isPublic`, and is refused elsewhere.
   * @throws AUTH_INVALID, RATE_LIMITED, and what the database throws
   */
  async identify(request: Pick<IncomingMessage, 'headers' | 'socket'>, isPublic = false): Promise<Caller> {
    const address = request.socket.remoteAddress ?? 'unknown';
    if (this.open) return openCaller(address);
    const credential = credentialOf(request.headers, this.options.https ?? false);
    if (credential === undefined) return anonymousCaller(address);
    if (credential) {
      let identity: Identity | undefined;
      try {
        identity = await this.identities.find(credential);
      } catch (error) {
        if (isPublic) return unknownCaller(address);
        throw error;
      }
      if (identity) {
        this.identities.used(credential);
        const caller: Caller = { ...identity, address };
        this.callers.set(caller, credential);
        return caller;
      }
    }
    if (isPublic) return anonymousCaller(address);
    // only who is nobody is counted by address: another's junk from there keeps no valid caller out
    await this.rate.spend(`address:${address}`);
    throw new SignalboxError(
      'AUTH_INVALID',
      'this key or login is not valid (any more)',
      'Log in again, or ask an admin for a key: signalbox keys add.',
    );
  }

  /**
   * Whether a request comes from this very machine: over loopback, and not through a proxy that stands on it. A proxy that
   * says nothing of itself is taken for one where `https` is configured.
   */
  isLocal({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
    if (this.options.https || PROXY_HEADERS.some((name) => headers[name] !== undefined)) return false;
    return /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(socket.remoteAddress ?? '');
  }

  /** Counts a request. @throws RATE_LIMITED */
  async spend(caller: Caller): Promise<void> {
    if (!this.open) await this.rate.spend(caller.id);
  }

  /** @throws AUTH_REQUIRED, FORBIDDEN */
  admit(caller: Caller, needs: Role): void {
    if (mayDo(caller.role, needs)) return;
    if (caller.role === 'public')
      throw new SignalboxError(
        'AUTH_REQUIRED',
        'say who you are',
        'Log in on the page, or send Authorization: Bearer KEY.',
      );
    throw new SignalboxError('FORBIDDEN', `this takes the role ${needs}, you have ${caller.role}`, 'Ask an admin.');
  }

  /** For what a session's cookie alone would allow to any page that makes the browser send it. @throws ORIGIN_NOT_ALLOWED */
  checkChange(caller: Caller, headers: IncomingMessage['headers']): void {
    if (caller.kind !== 'session' || headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return;
    throw new SignalboxError(
      'ORIGIN_NOT_ALLOWED',
      'the browser did not say which page asks',
      'Use a key: Authorization: Bearer KEY.',
    );
  }

  /**
   * Whether a caller, told a while ago, still is who he was and may do the same. A database that does not answer changes nothing.
   */
  async stands(caller: Caller): Promise<boolean> {
    const credential = this.callers.get(caller);
    if (this.open || !credential) return this.open;
    try {
      const now = await this.identities.find(credential);
      return now !== undefined && mayDo(now.role, 'viewer');
    } catch {
      return true;
    }
  }

  /** Who opens a WebSocket: by key, or by the ticket of a login. @throws AUTH_REQUIRED, AUTH_INVALID, FORBIDDEN, RATE_LIMITED */
  async upgrade(request: Pick<IncomingMessage, 'headers' | 'socket'>, ticket: string | null): Promise<Caller> {
    if (this.open) return openCaller(request.socket.remoteAddress ?? 'unknown');
    // a browser sends its cookies with a WebSocket whichever page opens it: they count for nothing here
    const { cookie: _, ...headers } = request.headers;
    let caller = await this.identify({ headers, socket: request.socket });
    if (caller.kind === 'anonymous' && ticket !== null) {
      const whose = this.tickets.redeem(ticket);
      if (whose && (await this.stands(whose))) caller = whose;
      else {
        await this.spend(caller);
        throw new SignalboxError(
          'AUTH_INVALID',
          'this ticket was used, or is older than 30 s',
          'POST /api/ws-ticket gives another.',
        );
      }
    }
    await this.spend(caller);
    this.admit(caller, 'viewer');
    return caller;
  }

  ticket(caller: Caller): { ticket: string; expires: number } {
    return this.tickets.issue(caller);
  }

  /** @throws LOGIN_REFUSED, LOGIN_THROTTLED, BUSY */
  async login(email: string, password: string, address: string): Promise<LoggedIn> {
    const account = `${email.trim().toLowerCase()} ${address}`;
    // spent before the password is looked at, so that many at once are no more tries; given back unless it was wrong
    await this.tries.spend(account);
    try {
      await this.triesOfAddress.spend(address);
    } catch (refusal) {
      await this.tries.refund(account);
      throw refusal;
    }
    let user: Awaited<ReturnType<typeof findUser>>;
    let right: boolean;
    try {
      [user, right] = await this.check(email, password);
    } catch (error) {
      await this.tries.refund(account);
      await this.triesOfAddress.refund(address);
      throw error;
    }
    if (!right || !user) return this.refuse(user?.email, address);
    await this.tries.forget(account);
    await this.triesOfAddress.refund(address);
    const token = newToken();
    await this.audit({ actor: user.email, role: user.role, address, action: 'login' });
    if (!(await openSession(this.database(), digestOf(token), user.id, user.passwordHash)))
      return this.refuse(user.email, address);
    const id = `session:${digestOf(token).toString('base64url')}`;
    return {
      caller: { kind: 'session', id, name: user.email, role: user.role, address },
      cookie: this.cookie(token, 12 * 3600),
    };
  }

  /** Whether the password is that of the user, if there is one. Each takes 19 MB and a core's tenth of a second. */
  private async check(email: string, password: string): Promise<[Awaited<ReturnType<typeof findUser>>, boolean]> {
    if (this.passwords >= 4) throw new SignalboxError('BUSY', 'too many logins at one time', 'Try again in a moment.');
    this.passwords++;
    try {
      const user = await findUser(this.database(), email.trim());
      return [user, await checkPassword(password, user?.passwordHash)];
    } finally {
      this.passwords--;
    }
  }

  private async refuse(email: string | undefined, address: string): Promise<never> {
    // what was typed as an address may be a password
    await this.audit({ actor: email ?? 'nobody', address, action: 'login.refused' });
    throw new SignalboxError(
      'LOGIN_REFUSED',
      'e-mail address or password is wrong',
      'Try again; an admin can set a new one.',
    );
  }

  /** @returns the cookie that takes the old one away */
  async logout(caller: Caller): Promise<string> {
    const credential = this.callers.get(caller);
    if (credential?.kind === 'session') {
      await endSession(this.database(), credential.digest);
      this.identities.forget();
      await this.audit({ actor: caller.name, role: caller.role, address: caller.address, action: 'logout' });
    }
    return this.cookie('', 0);
  }

  /** Before a change is made: what cannot be written down does not happen. */
  async audit(entry: AuditEntry): Promise<void> {
    if (this.options.database) await writeAudit(this.options.database(), entry);
  }

  private database(): Pool {
    if (!this.options.database) throw new TypeError('access without a database');
    return this.options.database();
  }

  private cookie(token: string, seconds: number): string {
    const https = this.options.https ?? false;
    return `${cookieName(https)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${https ? '; Secure' : ''}`;
  }
}
