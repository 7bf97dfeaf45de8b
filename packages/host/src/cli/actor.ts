import { userInfo } from 'node:os';

/** Whom histories and the audit name for what a command does. */
export function actor(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
