import type { StreamEvent } from './types.js';

/**
 * One sentence about the events of one bar for people who do not see the page; empty when none is worth a word.
 * Codes come from plugins: they end in a text node.
 */
export function announce(events: readonly StreamEvent[]): string {
  const said: string[] = [];
  for (const event of events) {
    if (event.type === 'signal_update') said.push(`${event.strategy_code} ${event.signal}`);
    if (event.type === 'position_change')
      said.push(`${event.strategy_code} ${event.action === 'open' ? 'opened' : 'closed'} a ${event.side} position`);
    if (event.type === 'alert') said.push(`${event.severity}: ${event.message}`);
  }
  return said.length === 0 ? '' : `${said.join(', ')}.`;
}
