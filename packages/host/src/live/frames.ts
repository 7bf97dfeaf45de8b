import type { PublishedEvent } from '../stores/events/event.js';

/** An event as it goes over the wire. */
export interface Frame {
  readonly seq: number;
  readonly type: string;
  /** The strategy that it is about; null when it is about none. */
  readonly strategy: string | null;
  readonly data: Buffer;
}

const KEPT = 512;
/** The type stands first, for people who watch. */
const WIRE = { type: '' };

/** Writes each event once, however many clients it goes to, and keeps the newest for those that resume. */
export class Frames {
  readonly #kept = new Map<number, Frame>();

  of(event: PublishedEvent): Frame {
    const known = this.#kept.get(event.seq);
    if (known) return known;
    const { payload } = event;
    const strategy = payload['strategy_code'] ?? payload['strategy'];
    const frame: Frame = {
      seq: event.seq,
      type: event.type,
      strategy: typeof strategy === 'string' ? strategy : null,
      // a payload cannot overwrite type or seq, whoever wrote it
      data: Buffer.from(JSON.stringify({ ...WIRE, ...payload, type: event.type, seq: event.seq })),
    };
    this.#kept.set(event.seq, frame);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return frame;
  }

  clear(): void {
    this.#kept.clear();
  }
}
