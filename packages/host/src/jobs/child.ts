import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { attend } from './attend.js';
import type { ToChild } from './message.js';

// the process of one job
const stop = new AbortController();
process.on('message', (message: ToChild) => {
  if (message.type === 'stop') return stop.abort();
  try {
    setPriority(message.niceness);
  } catch {
    // not allowed: then as equals
  }
  void attend(message, stop.signal).then((code) => {
    process.exit(code);
  });
});
// its host is gone, and with it whoever answers for this process: the job is begun again elsewhere
process.on('disconnect', () => process.exit(1));
// a strategy that hangs in a loop lets no event through: a thread looks for the host instead
new Worker(
  `setInterval(() => process.ppid === ${Number(process.argv[2])} || process.kill(process.pid, 'SIGKILL'), 1_000)`,
  { eval: true },
).unref();
