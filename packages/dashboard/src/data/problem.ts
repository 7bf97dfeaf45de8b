import type { Problem } from './resource.js';

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** Any failure of a request as code, message and remedy. */
export function problemOf(error: unknown): Problem {
  const fields = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
  const code = text(fields['code']) ?? 'UNREACHABLE';
  const message = text(fields['message']) ?? 'the host does not answer';
  const remedy =
    text(fields['remedy']) ??
    (code === 'UNREACHABLE'
      ? 'Check that the host runs: npx --no-install signalbox start'
      : 'The log of the host says more; the page also tries again by itself.');
  return { code, message, remedy };
}
