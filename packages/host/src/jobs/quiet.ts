import { Logger } from 'graphile-worker';

/** The engine says nothing by itself: what matters stands in `dw.jobs`. */
export const quiet = new Logger(() => () => {});
