import { andThen, askSession, openSession, type AnyStrategy, type SessionOptions, type Turn } from '@signalbox/core';
import type { Fault, FaultKind } from './faults.js';
import { boundedOpinion } from './opinion.js';
import type { Serving } from './serving.js';

const NEVER = new AbortController().signal;

/** Opens a strategy in the host's own process: in backtests, where no message per bar is paid, and where an operator says so. */
export async function openInProcess(
  definition: AnyStrategy,
  options: SessionOptions,
  deadlineMs: number | undefined,
  /** After each answer: what went wrong, or null. */
  onAnswer: (fault: Fault | null) => void,
): Promise<Serving> {
  const session = await openSession(definition, options);
  return {
    members: definition.membersOf?.(options.config) ?? [],
    ask(view) {
      const turn = openTurn(deadlineMs);
      let fault: string | null = null;
      const answer = askSession(session, view, turn, (what) => (fault = what));
      return andThen(answer, (opinion) => {
        turn.done();
        onAnswer(fault === null ? null : { kind: kindOf(fault, opinion), detail: fault });
        return boundedOpinion(opinion);
      });
    },
    state: () => session.save?.() ?? null,
    close: async () => session.close?.(),
  };
}

function kindOf(fault: string, opinion: { readonly signal: string; readonly code?: string }): FaultKind {
  if (opinion.code === 'timeout') return 'timeout';
  return fault.startsWith('malformed') ? 'malformed' : 'throw';
}

/** A deadline for one answer; without one, a turn that never ends, at no cost. */
function openTurn(milliseconds: number | undefined): Turn & { done(): void } {
  if (milliseconds === undefined) return UNHURRIED;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), milliseconds);
  return { abort: controller.signal, deadline: Date.now() + milliseconds, done: () => clearTimeout(timer) };
}
const UNHURRIED = { abort: NEVER, deadline: Number.MAX_SAFE_INTEGER, done() {} };
