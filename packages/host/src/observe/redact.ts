const SECRET_NAME = /(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|_KEY|_DSN)$/i;
/** Shorter ones would take words out of the log; a password of that length is none. */
const SHORTEST = 6;

/** What of an environment is secret: passwords, keys and tokens by their names, and the passwords in addresses. */
export function secretsOf(env: Readonly<Record<string, string | undefined>>): string[] {
  const found = Object.entries(env).flatMap(([name, value = '']) => {
    const inAddress = /^[a-z][\w+.-]*:\/\/[^/?#]*?:([^/?#]*)@/i.exec(value)?.[1];
    const parameters = [...value.matchAll(/[?&](?:password|sslpassword)=([^&#\s]*)/gi)].map((each) => each[1]!);
    return [...(SECRET_NAME.test(name) && !/^\w+:\/\//.test(value) ? [value] : []), inAddress ?? '', ...parameters];
  });
  return [...new Set(found.flatMap((each) => [each, decoded(each)]))].filter((each) => each.length >= SHORTEST);
}

/** Keys and tickets of ours, and what stands where a credential stands. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\bsbx_[a-z0-9]{8}_[\w-]+/g, 'sbx_***'],
  [/\b((?:__Host-)?signalbox=)[\w-]{20,}/g, '$1***'],
  [/([?&](?:ticket|password|sslpassword)=)[^&#\s"'\\]+/gi, '$1***'],
  [/\b(Bearer|Basic) [\w.~+/=-]{8,}/gi, '$1 ***'],
  [/(\b[a-z][a-z\d+.-]*:\/\/[^\s/?#:@"]*:)[^\s/?#"]*@/gi, '$1***@'],
];

/** Takes secrets out of a text: the given ones however they are written, and whatever looks like one. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const written = [
    ...new Set(secrets.flatMap((each) => [each, JSON.stringify(each).slice(1, -1), encodeURIComponent(each)])),
  ]
    // a longer one may hold a shorter one
    .sort((a, b) => b.length - a.length);
  return (text) => {
    for (const secret of written) if (text.includes(secret)) text = text.replaceAll(secret, '***');
    for (const [pattern, instead] of PATTERNS) text = text.replace(pattern, instead);
    return text;
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
