import { parentPort, workerData } from 'node:worker_threads';
import { isSignalboxError } from '@signalbox/core';
import { pluginTransforms } from '../plugins/transforms.js';
import { openPool, storeError } from '../stores/postgres/pool.js';
import { asKnownHere, type ThreadAnswer, type ThreadOrder } from './as-known.js';
import { openPlan } from './plan.js';

// the thread of one question about the past: answers and ends
const { connection, projectDir, plugins, instrument, features, barTime, asOf } = workerData as ThreadOrder;
const pool = openPool(connection, { max: 1 });
try {
  const plan = openPlan(instrument, features, await pluginTransforms(projectDir, plugins));
  const known = await asKnownHere(() => pool, plan)(barTime, asOf);
  parentPort!.postMessage({ featureHash: plan.featureHash, known } satisfies ThreadAnswer);
} catch (error) {
  const known = storeError(error);
  if (!isSignalboxError(known)) throw error;
  const { code, message, remedy } = known;
  parentPort!.postMessage({ code, message, remedy } satisfies ThreadAnswer);
} finally {
  await pool.end().catch(() => {});
}
