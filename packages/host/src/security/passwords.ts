import { hash, verify, type Options } from '@node-rs/argon2';
import { SignalboxError } from '@signalbox/core';

/** argon2id as OWASP's Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane. The library's own default is the same kind. */
const COST: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const SHORTEST = 12;
const LONGEST = 256;

/** @throws PASSWORD_WEAK */
export async function hashPassword(password: string): Promise<string> {
  if (password.length < SHORTEST || password.length > LONGEST)
    throw new SignalboxError(
      'PASSWORD_WEAK',
      `a password has from ${SHORTEST} to ${LONGEST} characters`,
      'Choose a longer one; four or five words will do.',
    );
  if (new Set(password).size < 5)
    throw new SignalboxError('PASSWORD_WEAK', 'the password repeats few characters', 'Choose another one.');
  return hash(password, COST);
}

let nobodys: Promise<string> | undefined;

/** Takes as long for a user who does not exist (`hashed` undefined) as for one who does. */
export async function checkPassword(password: string, hashed: string | undefined): Promise<boolean> {
  const against = hashed ?? (await (nobodys ??= hash('the password of nobody', COST)));
  const right = await verify(against, password.slice(0, LONGEST + 1)).catch(() => false);
  return right && hashed !== undefined;
}
