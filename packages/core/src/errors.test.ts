import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_CODES, isSignalboxError, SignalboxError } from './errors.js';

describe('error codes', () => {
  it('stand in docs/errors.md, each once, and no other', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const documented = [...page.matchAll(/^\| `([A-Z_]+)`/gm)].map((match) => match[1]);
    expect(documented.sort()).toEqual(Object.keys(ERROR_CODES).sort());
  });

  it('are recognised on errors of another copy of core', () => {
    const other = Object.assign(new Error('x'), { name: 'SignalboxError', code: 'PORT_TAKEN', remedy: 'y' });
    expect(isSignalboxError(other)).toBe(true);
    expect(isSignalboxError(new SignalboxError('PORT_TAKEN', 'x', 'y'))).toBe(true);
    expect(isSignalboxError(new Error('x'))).toBe(false);
  });
});
