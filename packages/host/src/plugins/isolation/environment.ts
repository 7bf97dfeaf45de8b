/** What every plugin's process gets of the host's environment: where things are, never a secret. */
const GIVEN = [
  'PATH',
  'TMPDIR',
  'TEMP',
  'TMP',
  'TZ',
  'LANG',
  'SystemRoot',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

const NAME = /^[A-Z][A-Z0-9_]{0,63}$/;
/** The host's own secrets, and names that change how a process runs rather than what a strategy knows. */
const NEVER = /^(?:DATABASE_URL|NODE_OPTIONS|NODE_PATH|PG[A-Z]*|(?:SIGNALBOX|REDIS|MINIO|LD|DYLD|NPM)_\w*)$/;

/** What is wrong with the names that a package asks for in `"signalbox": {"env": […]}`; null when nothing is. */
export function environmentFault(names: unknown): string | null {
  if (names === undefined) return null;
  if (!Array.isArray(names) || names.length > 20) return 'its "env" is no list of at most 20 names';
  const odd = names.find((name) => typeof name !== 'string' || !NAME.test(name));
  if (odd !== undefined) return `its "env" holds ${JSON.stringify(odd)?.slice(0, 80)}, which is no name of a variable`;
  const never = names.find((name: string) => NEVER.test(name));
  return never === undefined ? null : `it asks for the environment variable ${never}, which no plugin gets`;
}

/** The environment of a plugin's process: a short list that all get, and the names that its package declares. */
export function environmentOf(
  declared: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const cut: Record<string, string> = {};
  for (const name of [...GIVEN, ...declared]) {
    const value = env[name];
    if (value !== undefined) cut[name] = value;
  }
  return cut;
}
