import { SignalboxError } from '@signalbox/core';

/** Names under which the host may be addressed, beside those of the loopback interface; without ports. */
export interface Access {
  readonly allowedHosts?: readonly string[];
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * A page of another site can make its own name point here (DNS rebinding); its requests then carry that name.
 * @throws HOST_NOT_ALLOWED
 */
export function checkHost(host: string | undefined, { allowedHosts = [] }: Access): void {
  const name = hostname(`http://${host ?? ''}`);
  if (name !== undefined && (LOOPBACK.has(name) || allowedHosts.includes(name))) return;
  throw new SignalboxError('HOST_NOT_ALLOWED', 'this host is not served under that name', 'Use http://localhost.');
}

/**
 * For what changes state: a browser says from where it comes, and it must be from here; a program says nothing.
 * @throws ORIGIN_NOT_ALLOWED
 */
export function checkSameOrigin(headers: {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  readonly 'sec-fetch-site'?: unknown;
}): void {
  const site = headers['sec-fetch-site'];
  const foreign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (!foreign && (headers.origin === undefined || authority(headers.origin) === authority(`http://${headers.host}`)))
    return;
  throw refused();
}

/**
 * For WebSockets, to which browsers apply no same-origin rule: pages of this machine may listen, those of others not.
 * @throws ORIGIN_NOT_ALLOWED
 */
export function checkLocalOrigin(origin: string | undefined, { allowedHosts = [] }: Access): void {
  if (origin === undefined) return;
  const name = hostname(origin);
  if (name !== undefined && (LOOPBACK.has(name) || allowedHosts.includes(name))) return;
  throw refused();
}

const refused = (): SignalboxError =>
  new SignalboxError(
    'ORIGIN_NOT_ALLOWED',
    'pages of another site may not do this',
    'Open the page that the host serves.',
  );

function parsed(url: string): URL | undefined {
  return URL.canParse(url) && /^https?:\/\/[^/?#@\\\s]+\/?$/.test(url) ? new URL(url) : undefined;
}
const hostname = (url: string): string | undefined => parsed(url)?.hostname;
/** Host and port; the scheme may differ behind a proxy that ends TLS. */
const authority = (url: string): string | undefined => parsed(url)?.host;
