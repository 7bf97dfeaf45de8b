import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** 256 random bits, as they go over the wire. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** What is kept of a token: 256 random bits cannot be guessed from it, so it need not be slow. */
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export const sameDigest = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
export interface NewKey {
  readonly id: string;
  /** `sbx_ID_SECRET`: the only time that it is seen. */
  readonly key: string;
  readonly digest: Buffer;
}

export function newKey(): NewKey {
  const id = [...randomBytes(8)].map((byte) => ALPHABET[byte % 32]).join('');
  const secret = newToken();
  return { id, key: `sbx_${id}_${secret}`, digest: digestOf(secret) };
}

/** The parts of a key; undefined for what is none. */
export function parseKey(key: string): { id: string; digest: Buffer } | undefined {
  const found = /^sbx_([a-z0-9]{8})_([\w-]{43})$/.exec(key);
  return found ? { id: found[1]!, digest: digestOf(found[2]!) } : undefined;
}
