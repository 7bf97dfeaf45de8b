import type { Role } from './roles.js';

/** Who asks. */
export interface Caller {
  /**
   * `open`: nobody has to say who he is. `anonymous`: he has not said it. `unknown`: he said something and the database that
   * would know him does not answer.
   */
  readonly kind: 'open' | 'anonymous' | 'unknown' | 'key' | 'session';
  /** Tells keys and sessions apart, for limits; never a secret. */
  readonly id: string;
  /** As the audit names him. */
  readonly name: string;
  readonly role: Role;
  readonly address: string;
}

const nobody = (kind: Caller['kind'], role: Role, address: string): Caller =>
  Object.freeze({ kind, role, address, id: `address:${address}`, name: kind === 'open' ? 'this machine' : 'nobody' });

/** On loopback without authentication everybody may do everything. */
export const openCaller = (address: string): Caller => nobody('open', 'admin', address);
export const anonymousCaller = (address: string): Caller => nobody('anonymous', 'public', address);
export const unknownCaller = (address: string): Caller => nobody('unknown', 'public', address);
