/** An error as a person should meet it: what happened, its code, what to do. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** What a panel knows about the data behind it. Data outlive an error: the last good answer stays on screen with its age. */
export interface Resource<T> {
  readonly data: T | null;
  readonly problem: Problem | null;
  /** Wall time of the last good answer. */
  readonly at: number | null;
}

export const PENDING: Resource<never> = Object.freeze({ data: null, problem: null, at: null });

export const arrived = <T>(data: T, at: number): Resource<T> => ({ data, problem: null, at });

export const failed = <T>(previous: Resource<T>, problem: Problem): Resource<T> => ({ ...previous, problem });
