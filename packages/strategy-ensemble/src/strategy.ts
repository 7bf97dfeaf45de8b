import { defineStrategy, type MemberOpinion, type Opinion, type Position } from '@signalbox/core';
import { explain } from './explain.js';
import { HALF, tally, weightOn, type Tally } from './vote.js';

export const DEFAULT_WEIGHTS = Object.freeze({ RL_PPO: 0.3, ML_LGBM: 0.25, ML_XGB: 0.25, LLM_CLAUDE: 0.2 });

const weightsOf = (config: { readonly weights?: Readonly<Record<string, number>> }): Readonly<Record<string, number>> =>
  config.weights ?? DEFAULT_WEIGHTS;

/**
 * The other strategies' opinions of the same bar, weighed. Members answer first; those that are not active count nowhere. With fewer
 * than two answers, or less than half of the active weight, it says nothing (`quorum`).
 */
export const ensemble = defineStrategy({
  code: 'ENSEMBLE',
  name: 'Weighted ensemble',
  type: 'ENSEMBLE',
  apiVersion: 1,
  features: [],
  config: {
    type: 'object',
    properties: {
      weights: {
        description: 'Weight of each member by strategy code; members that are not named take no part.',
        type: 'object',
        additionalProperties: { type: 'number', exclusiveMinimum: 0, maximum: 1 },
        minProperties: 2,
        default: DEFAULT_WEIGHTS,
      },
    },
    additionalProperties: false,
  },
  membersOf: (config) => Object.keys(weightsOf(config)),
  create({ config }) {
    const weights = weightsOf(config);
    return {
      onBar({ opinions, position }) {
        const said: Readonly<Record<string, MemberOpinion | undefined>> = opinions;
        return decide(tally(weights, said), position);
      },
    };
  },
});

function decide(votes: Tally, position: Position): Opinion {
  if (votes.votes.length < 2 || votes.answered < HALF * votes.configured)
    return { signal: 'none', code: 'quorum', reasoning: `No quorum: ${explain(votes)}` };
  const agreed = votes.direction !== null && votes.consensus >= HALF ? votes.direction : null;
  if (position.side !== 'flat') {
    const opposite = position.side === 'long' ? 'short' : 'long';
    const leaving = votes.votes.reduce(
      (sum, vote) => (vote.closes === position.side ? sum + vote.weight : sum),
      weightOn(votes.votes, opposite),
    );
    if (agreed !== opposite && leaving >= HALF * votes.answered)
      return {
        signal: 'close',
        reasoning: `Leave the ${position.side} position, weight ${leaving.toFixed(2)} against it: ${explain(votes)}`,
      };
  }
  if (agreed === null) return { signal: 'flat', reasoning: `No consensus: ${explain(votes)}` };
  return { signal: agreed, confidence: Math.abs(votes.score), score: votes.score, reasoning: explain(votes) };
}
