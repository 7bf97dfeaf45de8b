import type { EventFeed } from './feed.js';
import type { PublishedEvent } from './event.js';

/** One source of events over databases that follow each other: subscribers stay when the demo begins again. */
export interface EventSwitch {
  use(feed: EventFeed): void;
  readonly source: Omit<EventFeed, 'close'>;
}

export function createEventSwitch(): EventSwitch {
  const listeners = new Set<(event: PublishedEvent) => void>();
  let current: EventFeed | undefined;
  let unsubscribe = (): void => {};
  return {
    use(feed) {
      unsubscribe();
      current = feed;
      unsubscribe = feed.subscribe((event) => listeners.forEach((listener) => listener(event)));
    },
    source: {
      lastSeq: async () => (await current?.lastSeq()) ?? 0,
      oldestSeq: async () => (await current?.oldestSeq()) ?? null,
      read: async (since, limit) => (await current?.read(since, limit)) ?? [],
      subscribe(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
  };
}
