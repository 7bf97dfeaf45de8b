import type { ConnectionOptions } from '../stores/postgres/connection.js';

/** What a host tells the process of a job. */
export type ToChild =
  | {
      readonly type: 'work';
      readonly connection: ConnectionOptions;
      readonly projectDir: string;
      readonly world: 'market' | 'simulated';
      readonly job: string;
      readonly attempt: number;
      /** Of the scheduler, −20 to 19. */
      readonly niceness: number;
    }
  /** The host ends: the job goes back into the queue. */
  | { readonly type: 'stop' };

/** Exit of a job's process that could not go on for no fault of the job: it is to be tried again. */
export const TRY_AGAIN = 75;
