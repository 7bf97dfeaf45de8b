import { SignalboxError, type ErrorCode } from '@signalbox/core';

/** Why a vendor did not deliver. */
export type VendorErrorCode = Extract<
  ErrorCode,
  'FEED_REFUSED' | 'FEED_LIMIT' | 'FEED_DOWN' | 'FEED_MALFORMED' | 'FEED_WRONG_INSTRUMENT'
>;

const REMEDY: Readonly<Record<VendorErrorCode, string>> = {
  FEED_REFUSED: 'Check the key in the environment, the plan that it belongs to, and the id under "feeds".',
  FEED_LIMIT: 'It is asked again when the vendor allows; a larger plan allows more.',
  FEED_DOWN: 'It is asked again; deliver a CSV file meanwhile when it stays away.',
  FEED_MALFORMED: 'It is asked again; see whether the vendor has changed its answers.',
  FEED_WRONG_INSTRUMENT:
    'Correct the id of the series under "feeds" in signalbox.config.json; nothing of the answer was stored.',
};

/** A vendor's failure, for people: never with a key in it. */
export class VendorError extends SignalboxError {
  constructor(
    override readonly code: VendorErrorCode,
    message: string,
    /** Milliseconds after which the vendor wants to be asked again, where it says so. */
    readonly retryAfterMs?: number,
  ) {
    super(code, message, REMEDY[code]);
  }
}
