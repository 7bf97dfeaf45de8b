import { SignalboxError, type ModelManifest, type ModelOutput, type Opinion, type Position } from '@signalbox/core';

/** Actions smaller than this have no direction, where neither configuration nor manifest say otherwise. */
export const THRESHOLD = 0.1;

/**
 * The threshold that a policy was trained with; undefined where its manifest says none.
 * @throws SignalboxError MODEL_MANIFEST_INVALID
 */
export function trainedThreshold(manifest: ModelManifest): number | undefined {
  const { trainer } = manifest as { trainer?: { threshold?: unknown } | null };
  const threshold = trainer?.threshold;
  if (threshold === undefined) return undefined;
  if (typeof threshold === 'number' && threshold > 0 && threshold <= 1) return threshold;
  throw new SignalboxError(
    'MODEL_MANIFEST_INVALID',
    `trainer.threshold is ${JSON.stringify(threshold)}, which is no number above 0 and up to 1.`,
    'Write the manifest again with signalbox train.',
  );
}

const CLASSES = 'short,flat,long';

/** A policy's numbers for one bar to the position that it wants, −1 … 1. */
export type ReadAction = (numbers: ArrayLike<number>) => number;

/**
 * How the numbers of a policy are read, by what its manifest says they are: one action in [−1, 1], or probabilities (or logits) of
 * short, flat and long. Of classes the action is p(long) − p(short), and 0 where flat is the largest or the largest is tied.
 *
 * @throws SignalboxError MODEL_UNSUPPORTED for other outputs
 */
export function readAction(output: ModelOutput, outputs: number): ReadAction {
  if (output.kind === 'action' && outputs === 1) return (numbers) => Math.max(-1, Math.min(1, numbers[0]!));
  if (String(output.classes) === CLASSES && outputs === 3) {
    if (output.kind === 'probabilities') return classAction;
    if (output.kind === 'logits') return (numbers) => classAction(softmax(numbers));
  }
  throw new SignalboxError(
    'MODEL_UNSUPPORTED',
    `RL_PPO takes one action in [−1, 1], or probabilities or logits of short, flat, long; the manifest says ${output.kind} of ${output.classes?.join(', ') ?? 'no classes'}, the model gives ${outputs} outputs.`,
    'Export the deterministic action, or the three class probabilities, as the first output.',
  );
}

function classAction(p: ArrayLike<number>): number {
  const [short, flat, long] = [p[0]!, p[1]!, p[2]!];
  const largest = Math.max(short, flat, long);
  if (largest !== largest) return NaN;
  if (flat === largest || short === long) return 0;
  return long - short;
}

function softmax(logits: ArrayLike<number>): number[] {
  const largest = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (x) => Math.exp(x - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / sum);
}

/** Semantics `target_position`: the action is the position to hold; below the threshold none is, and one that is held is left. */
export function targetOpinion(action: number, position: Position, threshold: number, facts: string): Opinion {
  if (Number.isNaN(action))
    return { signal: 'none', code: 'unavailable', reasoning: 'the policy gave a number that is none' };
  const size = Math.abs(action);
  const said = `action ${action < 0 ? '−' : '+'}${size.toFixed(3)}, threshold ${threshold}, position ${position.side}`;
  const reasoning = `${said}${facts && `; ${facts}`}.`;
  if (size < threshold) return { signal: position.side === 'flat' ? 'flat' : 'close', confidence: size, reasoning };
  return { signal: action > 0 ? 'long' : 'short', confidence: size, score: action, reasoning };
}
