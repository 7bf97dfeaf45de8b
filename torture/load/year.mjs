// A simulated year at full speed: what the host holds after a collection at each session's end, and whether it grows.
import { check } from '../checker/index.mjs';
import { replay } from '../rig/replay.mjs';

const YEAR = 245;
const SESSION = 60;

export async function year({ seed, sessions = YEAR, inProcess, signal, say }) {
  const samples = [];
  const run = await replay({
    seed,
    sessions,
    inProcess,
    signal,
    say: (text) => /(00|20)\//.test(text) && say(`  ${text}`),
    hooks: {
      async bar({ supervisor }, index) {
        if (index % SESSION !== SESSION - 1) return;
        const { rss, heapUsed, external } = await supervisor.memory();
        samples.push({ session: (index + 1) / SESSION, rss, heap: heapUsed + external });
      },
    },
  });
  const violations = check(run.record, run);
  // the first tenth fills caches and pools
  const later = samples.slice(Math.ceil(samples.length / 10));
  const slopes = { rss: slope(later, 'rss'), heap: slope(later, 'heap') };
  const flat = slopes.heap.low <= 0 || slopes.heap.perSession * sessions < 0.1 * later[0].heap;
  const MB = (bytes) => Number((bytes / 2 ** 20).toFixed(1));
  return {
    passed: violations.length === 0 && flat,
    violations,
    sessions,
    bars: run.bars,
    decisions: run.record.signals.length + run.record.none.length,
    barsPerSecond: Number((run.bars / run.seconds.run).toFixed(1)),
    slopeKBPerSession: { rss: inKB(slopes.rss), heap: inKB(slopes.heap) },
    samplesMB: samples
      .filter((_, i) => i % Math.ceil(samples.length / 24) === 0 || i === samples.length - 1)
      .map(({ session, rss, heap }) => ({ session, rss: MB(rss), heap: MB(heap) })),
  };
}

/** Least squares over the sessions, with its 95 % interval (normal). */
function slope(samples, key) {
  const n = samples.length;
  const meanX = samples.reduce((sum, one) => sum + one.session, 0) / n;
  const meanY = samples.reduce((sum, one) => sum + one[key], 0) / n;
  let sxx = 0;
  let sxy = 0;
  for (const one of samples) {
    sxx += (one.session - meanX) ** 2;
    sxy += (one.session - meanX) * (one[key] - meanY);
  }
  const perSession = sxy / sxx;
  const rest = samples.reduce((sum, one) => sum + (one[key] - meanY - perSession * (one.session - meanX)) ** 2, 0);
  const half = 1.96 * Math.sqrt(rest / Math.max(1, n - 2) / sxx);
  return { perSession, low: perSession - half, high: perSession + half };
}

const inKB = ({ perSession, low, high }) =>
  Object.fromEntries(
    Object.entries({ perSession, low, high }).map(([key, value]) => [key, Number((value / 1024).toFixed(2))]),
  );
