import { SignalboxError } from '../../errors.js';
import { runConformance, type ConformanceOptions, type ConformanceReport } from './conformance.js';

const WORD = { pass: 'ok', fail: 'FAIL', skip: '–' } as const;

/** The report as a plain table: one line a case, the rule under each that failed. */
export function formatReport({ strategy, passed, cases }: ConformanceReport): string {
  const width = Math.max(...cases.map(({ name }) => name.length));
  const lines = cases.flatMap(({ number, name, rule, status, detail }) => {
    const line = `${String(number).padStart(3)}  ${name.padEnd(width)}  ${WORD[status].padEnd(4)}  ${detail}`;
    return status === 'fail' ? [line, `${' '.repeat(5 + width + 8)}rule: ${rule}`] : [line];
  });
  const count = (status: 'pass' | 'fail' | 'skip'): number => cases.filter((one) => one.status === status).length;
  const sum = `${count('pass')} ok, ${count('fail')} failed, ${count('skip')} not applicable or not run`;
  return [`${strategy}: ${passed ? 'conforms' : 'does not conform'} (${sum})`, ...lines].join('\n');
}

/**
 * Holds a strategy to the contract in any test runner: returns the report, or throws one error that shows it.
 *
 * @example
 * it('conforms', () => testStrategy(strategy, { config: { limit: 2 } }));
 *
 * @throws SignalboxError STRATEGY_NONCONFORMING with the report as its message
 */
export async function testStrategy(definition: unknown, options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const report = await runConformance(definition, options);
  if (report.passed) return report;
  throw new SignalboxError(
    'STRATEGY_NONCONFORMING',
    formatReport(report),
    'Mend what the failed cases name; the rule stands under each.',
  );
}
