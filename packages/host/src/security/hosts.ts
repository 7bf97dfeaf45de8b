import { networkInterfaces } from 'node:os';
import type { Config } from '../config/config.js';

const EVERY = new Set(['0.0.0.0', '::']);

/** Names that requests may carry in `Host`: the configured ones, and the addresses that the host listens on. */
export function hostsOf({ bind, access }: Pick<Config, 'bind' | 'access'>): string[] {
  const addresses = EVERY.has(bind)
    ? Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
    : [bind];
  return [...access.allowedHosts, ...addresses.map((each) => (each.includes(':') ? `[${each}]` : each))];
}
