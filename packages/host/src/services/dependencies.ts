import type { Access } from '../security/access.js';
import type { Calendar, Clock, Instrument } from '@signalbox/core';
import type { Metrics } from '../observe/metrics.js';
import type { Reads } from '../stores/postgres/reads/index.js';
import type { PublishedEvent } from '../stores/events/event.js';
import type { FeedFinding } from '../ingest/feeds/check.js';
import type { Take } from '../ingest/take.js';
import type { JobQueue } from '../jobs/queue.js';
import type { CycleTrigger } from '../inference/cycles.js';
import type { Explainer } from '../inference/explain.js';
import type { DeskRequests } from '../inference/requests.js';
import type { StrategyStatus } from '../plugins/status.js';

export type { StrategyStatus };

export type World = 'market' | 'simulated';

/** Commands to the replay clock of a simulated world. */
export interface ClockControl {
  pause(): void | Promise<void>;
  resume(): void | Promise<void>;
  /** Takes the next bar, then stands still. */
  step(): void | Promise<void>;
  /** Begins the demo again as a new world. */
  restart(): void | Promise<void>;
  /** Market seconds per wall second, > 0. */
  setSpeed(speed: number): void | Promise<void>;
}

/** The published events: what the relay has numbered, in order of `seq`. */
export interface EventSource {
  /** Highest published seq; 0 before the first. */
  lastSeq(): Promise<number> | number;
  /** Lowest seq still kept; null when none is. */
  oldestSeq(): Promise<number | null> | number | null;
  /** Events with `seq > since`, ascending, at most `limit`. */
  read(since: number, limit: number): Promise<readonly PublishedEvent[]>;
  /** Calls `listener` for each event after it is published, in order, once. Returns how to stop. */
  subscribe(listener: (event: PublishedEvent) => void): () => void;
}

/** All that the services know of the host. */
export interface ServiceDependencies {
  readonly reads: Reads;
  readonly clock: Clock;
  readonly world: World;
  readonly calendar: Calendar;
  /** The first is the default. */
  readonly instruments: readonly [Instrument, ...Instrument[]];
  readonly strategies: () => readonly StrategyStatus[];
  /** Absent in a market world. */
  readonly control?: ClockControl;
  readonly events: EventSource;
  /** Has the cycle of a bar done, whichever host leads. */
  readonly cycles: CycleTrigger;
  /** Says what a signal was decided with, and whether it comes out again. */
  readonly explainer: Explainer;
  /** What somebody outside says of a bar, and resets of the drawdown halt: both reach the desk that holds the book. */
  readonly desk: DeskRequests;
  /** Stores what is delivered over HTTP. */
  readonly ingest: Take;
  /** The feeds of the series that active strategies need. */
  readonly feeds: () => Promise<readonly FeedFinding[]>;
  readonly jobs: JobQueue;
  readonly version: string;
  readonly metrics?: Pick<Metrics, 'text'>;
  /** Who is let in; `createServices` gives it. */
  readonly access?: Access;
}
