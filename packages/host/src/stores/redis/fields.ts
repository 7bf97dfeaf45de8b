import type { PublishedEvent } from '../events/event.js';
import type { StreamName } from '../events/stream.js';

const text = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string | number | boolean);

/** Fields of an entry, from keys of the payload: the public contract, in this order. `seq` and `payload` come after them. */
const FIELDS: Readonly<Record<StreamName, readonly (readonly [field: string, key: string])[]>> = {
  'trading:signals': [
    ['strategy', 'strategy_code'],
    ['signal', 'signal'],
    ['confidence', 'confidence'],
    ['timestamp', 'timestamp'],
  ],
  'trading:prices': [
    ['symbol', 'symbol'],
    ['price', 'price'],
    ['bar_time', 'bar_time'],
    ['timestamp', 'timestamp'],
    ['source', 'source'],
  ],
  'trading:positions': [
    ['strategy', 'strategy_code'],
    ['action', 'action'],
    ['side', 'side'],
    ['quantity', 'quantity'],
    ['price', 'price'],
    ['timestamp', 'timestamp'],
  ],
  'trading:alerts': [
    ['severity', 'severity'],
    ['code', 'code'],
    ['message', 'message'],
    ['strategy', 'strategy'],
    ['timestamp', 'timestamp'],
  ],
};

/** Field, value, field, value, … as XADD takes them; unknown is the empty string. */
export function fieldsOf(stream: StreamName, { seq, payload }: Pick<PublishedEvent, 'seq' | 'payload'>): string[] {
  const fields = FIELDS[stream].flatMap(([field, key]) => [field, text(payload[key])]);
  return [...fields, 'seq', String(seq), 'payload', JSON.stringify(payload)];
}
