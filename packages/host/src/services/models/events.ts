import { Type } from '@sinclair/typebox';
import { SignalboxError } from '@signalbox/core';
import { iso } from '../respond.js';
import { route } from '../route.js';
import { Query } from '../schemas.js';
import { Events } from './schemas.js';

export const events = route({
  path: '/api/events',
  summary: 'Published events after a seq',
  description:
    '`seq` is the number that the WebSocket and the stream carry too. Events are kept for 7 days; a `since` above the newest ' +
    'is refused.',
  query: Query({
    since: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
  }),
  response: Events,
  errors: [400],
  async handler({ query }, { events: source }) {
    const last = await source.lastSeq();
    if (query.since > last) {
      throw new SignalboxError(
        'SINCE_INVALID',
        `since: ${query.since} is above the newest seq, ${last}`,
        'Begin with the last seq that you have seen, or without since.',
      );
    }
    const rows = await source.read(query.since, query.limit);
    return {
      events: rows.map((event) => ({
        seq: event.seq,
        type: event.type,
        time: iso(event.time),
        recorded_at: iso(event.recordedAt),
        payload: event.payload as Record<string, unknown>,
      })),
      last_seq: last,
    };
  },
});
