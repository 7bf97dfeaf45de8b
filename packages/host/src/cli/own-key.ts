/** What a command says of who it is to a host that wants to know: the key in SIGNALBOX_API_KEY. */
export function keyHeader(env: Readonly<Record<string, string | undefined>>): { authorization?: string } {
  const key = env['SIGNALBOX_API_KEY'];
  return key ? { authorization: `Bearer ${key}` } : {};
}
