export type ModelErrorCode = 'MODEL_MALFORMED' | 'MODEL_UNSUPPORTED' | 'MODEL_FEATURE_MISMATCH';

/**
 * A model file or a row that cannot be used. It has the shape of Signalbox's own errors (same `name`, `code`, `remedy`), so that
 * a host treats both alike, although this package depends on nothing.
 */
export class ModelError extends Error {
  readonly code: ModelErrorCode;
  readonly remedy: string;
  constructor(code: ModelErrorCode, message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SignalboxError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** A file that contradicts itself or its format. */
export function malformed(where: string, what: string, options?: ErrorOptions): ModelError {
  return new ModelError(
    'MODEL_MALFORMED',
    `${where}: ${what}`,
    'Save the model again with the library that trained it and copy the file whole; do not edit it.',
    options,
  );
}

/** A sound file of a kind that this package does not evaluate. */
export function unsupported(kind: string, remedy: string): ModelError {
  return new ModelError('MODEL_UNSUPPORTED', `${kind} is not supported`, remedy);
}
