/** Reasons why figures are null, by field. */
export interface Notes {
  readonly of: Record<string, string>;
  /** The value; where it is null, its reason is noted. */
  known<T>(field: string, value: T | null, reason: string): T | null;
}

export function createNotes(): Notes {
  const of: Record<string, string> = {};
  return {
    of,
    known(field, value, reason) {
      if (value === null) of[field] = reason;
      return value;
    },
  };
}
