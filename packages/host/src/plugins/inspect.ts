import { isSignalboxError, SignalboxError } from '@signalbox/core';
import type { ConformanceReport } from '@signalbox/core/testing';
import type { PlanSource } from '../inference/configured-plan.js';
import { discover, type InstalledStrategy, type Isolation } from './discover.js';
import { isFault } from './isolation/process.js';
import { locate, type LocatedPackage } from './locate.js';
import { readModels } from './models.js';

/** What the kit may take for all its cases. */
const KIT_DEADLINE_MS = 300_000;

/** What a person is shown of a package before it may run: its metadata, its definition, and the kit's verdict. */
export interface Inspection {
  readonly located: LocatedPackage;
  readonly strategy: InstalledStrategy;
  /** Null when the kit could not be run; `kitFailure` says why. */
  readonly report: ConformanceReport | null;
  readonly kitFailure: string | null;
}

/**
 * Loads a package in a process of its own, whether it is allow-listed or not, and runs the conformance kit over it there, on the
 * configured instrument, calendar and features.
 * @param config the strategy's configuration, `{}` when absent
 * @throws PLUGIN_NOT_ALLOWED, PLUGIN_NOT_INSTALLED, PLUGIN_INVALID, PLUGIN_INCOMPATIBLE
 */
export async function inspect(
  plan: PlanSource,
  name: string,
  isolation: Pick<Isolation, 'memoryMb' | 'hostEnv'> & { readonly deadlineMs: number },
  config: unknown = {},
): Promise<Inspection> {
  const { projectDir, plugins, instruments, features } = plan;
  const located = locate(projectDir, name);
  const [found] = await discover(projectDir, [name], { ...isolation, inProcess: [] });
  if (!found || 'problem' in found) throw found!.problem;
  const { strategy } = found;
  const child = strategy.apart!.start();
  try {
    const { artifacts } = readModels(strategy, 'simulated', true);
    const { deadlineMs } = isolation;
    // the features may use transforms that this very package brings
    const source = { projectDir, plugins: [...new Set([...plugins, name])], instruments, features };
    const done = await child.conform({ config, artifacts, deadlineMs, plan: source }, KIT_DEADLINE_MS);
    if ('report' in done) return { located, strategy, report: done.report, kitFailure: null };
    return { located, strategy, report: null, kitFailure: isFault(done) ? done.detail : done.message };
  } catch (error) {
    if (!isSignalboxError(error)) throw error;
    return { located, strategy, report: null, kitFailure: `${error.message} ${error.remedy}` };
  } finally {
    await child.kill();
  }
}

/** @throws STRATEGY_NONCONFORMING naming the first failed cases */
export function requireConforming({ located, report, kitFailure }: Inspection): void {
  if (report?.passed) return;
  const failed = report?.cases.filter(({ status }) => status === 'fail') ?? [];
  const why = report
    ? failed.map(({ number, name, detail }) => `case ${number} ${name}: ${detail}`).join('; ')
    : `the kit did not end: ${kitFailure}`;
  throw new SignalboxError(
    'STRATEGY_NONCONFORMING',
    `${located.name} does not conform: ${why.slice(0, 1_500)}`,
    `See the cases: signalbox plugins test ${located.name}. Mend it or ask its author; --force adds it as it is.`,
  );
}
