import { describe, expect, it } from 'vitest';
import { explain } from '../../strategy-ensemble/src/explain.js';
import { consensusOf } from '../src/data/consensus.js';
import type { LatestSignal } from '../src/data/types.js';

const said = (reasoning: string, strategy_type = 'ENSEMBLE'): LatestSignal[] => [
  { strategy_code: 'ENSEMBLE', strategy_type, signal: 'long', bar_time: 't', reasoning } as LatestSignal,
];
const tally = {
  votes: [
    { code: 'RL_PPO', weight: 0.3, score: 0.8, closes: null },
    { code: 'ML_LGBM', weight: 0.25, score: -0.6, closes: null },
    { code: 'ML_XGB', weight: 0.25, score: 0, closes: 'long' },
  ],
  silent: [{ code: 'LLM_CLAUDE', why: 'unavailable' }],
  answered: 0.8,
  configured: 1,
  score: 0.1125,
  consensus: 0.375,
  direction: 'long',
};

describe('consensus', () => {
  it('reads the very words of the ensemble: votes with renormalised weights, the silent with their reason', () => {
    const found = consensusOf(said(`No consensus: ${explain(tally as unknown as Parameters<typeof explain>[0])}`));
    expect(found).toMatchObject({
      score: 0.1125,
      agreement: 0.375,
      answered: 0.8,
      configured: 1,
      silent: [{ code: 'LLM_CLAUDE', why: 'unavailable' }],
    });
    expect(found!.votes.map(({ code, share, score }) => [code, Number(share.toFixed(4)), score])).toEqual([
      ['RL_PPO', 0.375, 0.8],
      ['ML_LGBM', 0.3125, -0.6],
      ['ML_XGB', 0.3125, 0],
    ]);
  });

  it('there is none where nobody is an ensemble, or its words are others', () => {
    expect(consensusOf(said(explain(tally as unknown as Parameters<typeof explain>[0]), 'ML'))).toBeNull();
    expect(consensusOf(said('because I say so'))).toBeNull();
    expect(consensusOf([])).toBeNull();
  });
});
