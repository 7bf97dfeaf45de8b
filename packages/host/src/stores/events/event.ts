/** An event as the relay published it. Times are epoch milliseconds. */
export interface PublishedEvent {
  readonly seq: number;
  readonly type: string;
  /** Market time of the fact. */
  readonly time: number;
  /** Wall time of its recording. */
  readonly recordedAt: number;
  readonly payload: Readonly<Record<string, unknown>>;
}
