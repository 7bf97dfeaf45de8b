import { figure } from '../figures.js';
import type { ServiceDependencies } from '../dependencies.js';
import { route } from '../route.js';
import { Code, Query } from '../schemas.js';
import { createNotes } from './notes.js';
import { FEW_RETURNS, strategyRecord } from './record.js';
import { days, GATE_STATUS, OPERATORS, ProductionGates, symbolParameter } from './schemas.js';
import { DAY, frame, LIVE, strategyOf } from './window.js';

type Operator = (typeof OPERATORS)[number];

const NO_TIMINGS = 'no cycle of a live bar was measured in the window';

export const productionGates = route({
  path: '/api/analytics/production-gates',
  summary: 'Whether a strategy is fit to trade, gate by gate',
  description:
    'Ratios and drawdown from its stored equity; bars answered = stored signals / stored bars since its first decision; ' +
    'latencies are the 99th percentiles that the cycle measured and stored (inference: from question to answer; bar to ' +
    'signal: from noticing the stored bar to the publication of the signal), by wall time of the last `days` days; golden vectors as the model ' +
    'that serves was checked. An unknown value is not a pass.',
  query: Query({ symbol: symbolParameter, days: days(90), strategy: { ...Code, default: 'RL_PPO' } }),
  response: ProductionGates,
  errors: [404],
  cache: 'seq',
  cost: 'heavy',
  passing: ['timestamp'],
  async handler({ query }, deps) {
    const { reads, calendar } = deps;
    const { instrument, head, simulated } = frame(query.symbol, query.days, deps);
    const strategy = await strategyOf(query.strategy, deps);
    const record = await strategyRecord(strategy, instrument, query.days, deps);
    const { from, end } = record.window;
    const [decided, timing, golden] = await Promise.all([
      reads.decisionCounts(LIVE, strategy.id, instrument.symbol, from, end),
      // measured in wall time, which in a simulated world is not the market's
      reads.decisionLatency(strategy.id, instrument.symbol, Date.now() - query.days * DAY),
      goldenVectors(strategy.code, deps),
    ]);
    const bars =
      decided.first === null
        ? 0
        : (
            await reads.volumePrice(
              instrument.symbol,
              Math.max(from + 1, decided.first) - calendar.slotMs,
              end - calendar.slotMs,
            )
          ).bars;
    const answers = decided.long + decided.short + decided.flat + decided.close;
    const { n, sortino_ratio, calmar_ratio } = record.ratios;
    const notes = createNotes();
    const gates = [
      gate(
        'Sortino ratio',
        figure(sortino_ratio),
        '>=',
        1.3,
        `Of ${n} session returns`,
        n < 10 ? FEW_RETURNS : 'no session return is below 0',
      ),
      gate(
        'Max drawdown',
        record.maxDrawdown,
        '<=',
        15,
        'Percent, of bar equity in the window',
        'no stored equity in the window',
      ),
      gate(
        'Calmar ratio',
        figure(calmar_ratio),
        '>=',
        0.8,
        'CAGR / max drawdown',
        n < 60 ? 'fewer than 60 session returns in the window' : 'its denominator is zero',
      ),
      gate(
        'Bars answered',
        bars === 0 ? null : figure(Math.min(100, (answers / bars) * 100)),
        '>=',
        99,
        `Percent: ${answers} signals on ${bars} stored bars since its first decision`,
        'no decision is stored',
      ),
      gate(
        'p99 inference',
        timing.inferenceP99,
        '<',
        20,
        `Milliseconds, of ${timing.inferences} measured answers`,
        NO_TIMINGS,
      ),
      gate(
        'p99 bar to signal',
        timing.publishedP99,
        '<',
        100,
        `Milliseconds, of ${timing.published} measured signals`,
        NO_TIMINGS,
      ),
      gate('Golden vectors', golden.value, '>=', 1, golden.description, golden.description),
    ];
    const passing = gates.filter(({ status }) => status === 'pass').length;
    return {
      ...head(record.points),
      strategy: strategy.code,
      production_ready: passing === gates.length,
      passing_gates: passing,
      total_gates: gates.length,
      gates,
      notes: notes.of,
      simulated,
    };

    function gate(
      title: string,
      value: number | null,
      operator: Operator,
      threshold: number,
      description: string,
      reason: string,
    ) {
      notes.known(title, value, reason);
      return { title, value, threshold, operator, status: statusOf(value, operator, threshold), description };
    }
  },
});

function statusOf(value: number | null, operator: Operator, threshold: number): (typeof GATE_STATUS)[number] {
  if (value === null) return 'unknown';
  const passes = operator === '>=' ? value >= threshold : operator === '<=' ? value <= threshold : value < threshold;
  return passes ? 'pass' : 'fail';
}

/** 1 where the model that serves reproduces its golden vectors, 0 where it was refused; null where nobody has looked. */
async function goldenVectors(
  code: string,
  { strategies, reads }: ServiceDependencies,
): Promise<{ value: number | null; description: string }> {
  const status = strategies().find((each) => each.code === code);
  const champion = status?.champion;
  if (!champion) return { value: null, description: 'no model serves here' };
  const checked = await reads.modelCheck(code, champion.sha256);
  if (checked) {
    return {
      value: checked.state === 'verified' ? 1 : 0,
      description: `Version ${champion.version}: ${checked.goldenRows} rows, ${checked.reason ?? checked.state}`,
    };
  }
  // the model that a package brings along has no row: it is checked each time it is loaded, and not loaded otherwise
  return ['READY', 'RUNNING', 'DEGRADED'].includes(status.state)
    ? { value: 1, description: `Version ${champion.version}, of its package: reproduced when it was loaded` }
    : { value: null, description: `its model is not loaded: ${status.reason ?? status.state}` };
}
