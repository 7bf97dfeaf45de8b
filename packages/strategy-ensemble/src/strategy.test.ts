/// <reference types="node" />
import {
  askSession,
  FLAT,
  openSession,
  USD_COP,
  type MemberOpinion,
  type Opinion,
  type Position,
} from '@signalbox/core';
import { testStrategy } from '@signalbox/core/testing';
import { describe, expect, it } from 'vitest';
import ensemble, { DEFAULT_WEIGHTS } from './index.js';

type Said = Record<string, MemberOpinion>;
const toward = (score: number): Opinion => ({
  signal: score > 0 ? 'long' : 'short',
  confidence: 0.9,
  score,
  reasoning: '',
});
const flat: Opinion = { signal: 'flat', reasoning: '' };
const none: Opinion = { signal: 'none', code: 'unavailable', reasoning: '' };
const closing = (closes: 'long' | 'short'): MemberOpinion => ({ signal: 'close', reasoning: '', closes });
const inPosition = (side: 'long' | 'short'): Position => ({
  side,
  size: 0.1,
  entryPrice: 4000,
  barsHeld: 3,
  unrealizedPct: 0,
});

async function ask(opinions: Said, position: Position = FLAT, weights?: Record<string, number>): Promise<Opinion> {
  const session = await openSession(ensemble, {
    config: weights ? { weights } : {},
    instrument: USD_COP,
    featureHashes: {},
  });
  const bar = { time: 0, open: 4000, high: 4000, low: 4000, close: 4000, volume: 0 };
  return askSession(
    session,
    { bar, features: {}, vector: new Float64Array(0), position, opinions },
    { abort: new AbortController().signal, deadline: 1e15 },
    (fault) => expect.fail(fault),
  );
}
const scored = async (opinion: Promise<Opinion>) => {
  const said = await opinion;
  return { signal: said.signal, score: 'score' in said ? Number(said.score!.toFixed(10)) : null };
};

describe('golden cases of the specification', () => {
  it('RL +.8, LGBM −.6, XGB flat, LLM absent → W .8, s .1125, consensus .375 → flat', async () => {
    const said = await ask({ RL_PPO: toward(0.8), ML_LGBM: toward(-0.6), ML_XGB: flat });
    expect(said.signal).toBe('flat');
    expect(said.reasoning).toMatch(/score \+0\.1125, consensus 0\.3750, weight 0\.80/);
  });
  it('with XGB +.5 → s .26875, consensus .6875 → long', async () => {
    const said = await ask({ RL_PPO: toward(0.8), ML_LGBM: toward(-0.6), ML_XGB: toward(0.5) });
    expect(said).toMatchObject({ signal: 'long' });
    expect((said as { score: number }).score).toBeCloseTo(0.26875, 12);
    expect((said as { confidence: number }).confidence).toBeCloseTo(0.26875, 12);
    expect(said.reasoning).toContain('consensus 0.6875');
  });
});

describe('weights', () => {
  it('are RL .30, LGBM .25, XGB .25, LLM .20 by default, and name the members', () => {
    expect(DEFAULT_WEIGHTS).toEqual({ RL_PPO: 0.3, ML_LGBM: 0.25, ML_XGB: 0.25, LLM_CLAUDE: 0.2 });
    expect(ensemble.membersOf!({} as never)).toEqual(['RL_PPO', 'ML_LGBM', 'ML_XGB', 'LLM_CLAUDE']);
  });
  it('a further strategy takes part when it is weighted in configuration', async () => {
    const weights = { ML_XGB: 0.25, RULE_BREAKOUT: 0.75 };
    expect(ensemble.membersOf!({ weights })).toEqual(['ML_XGB', 'RULE_BREAKOUT']);
    expect(await scored(ask({ ML_XGB: toward(1), RULE_BREAKOUT: toward(-1) }, FLAT, weights))).toEqual({
      signal: 'short',
      score: -0.5,
    });
  });
  it('a strategy that is not weighted takes no part', async () => {
    const said = await ask({ RL_PPO: toward(0.5), ML_XGB: toward(0.5), OTHER: toward(-1) });
    expect(said.reasoning).not.toContain('OTHER');
    expect(said.signal).toBe('long');
  });
});

describe('score of a member', () => {
  it('is its own score; without one, ± its confidence', async () => {
    const llm: Opinion = { signal: 'short', confidence: 0.6, reasoning: '' };
    expect(await scored(ask({ LLM_CLAUDE: llm, RL_PPO: toward(-0.1) }))).toEqual({
      signal: 'short',
      score: Number((-(0.2 * 0.6 + 0.3 * 0.1) / 0.5).toFixed(10)),
    });
  });
  it('flat and close are 0, and count as answers', async () => {
    const said = await ask({ RL_PPO: toward(0.4), ML_XGB: { ...flat, confidence: 0.9 }, ML_LGBM: closing('short') });
    expect(said.reasoning).toContain('weight 0.80 of 0.80');
    expect(said.reasoning).toContain('score +0.1500');
  });
});

describe('quorum', () => {
  it('one answer is none (quorum), whatever its weight', async () => {
    const said = await ask({ RL_PPO: toward(0.9), ML_XGB: none }, FLAT, { RL_PPO: 1, ML_XGB: 0.1 });
    expect(said).toMatchObject({ signal: 'none', code: 'quorum' });
    expect(said.reasoning).toContain('ML_XGB silent (unavailable)');
  });
  it('two answers with less than half of the active weight are none (quorum); with half they are enough', async () => {
    const weights = { A: 0.1, B: 0.3, C: 0.4 };
    expect(await ask({ A: toward(1), B: toward(1), C: none }, FLAT, { ...weights, C: 0.41 })).toMatchObject({
      code: 'quorum',
    });
    expect(await ask({ A: toward(1), B: toward(1), C: none }, FLAT, weights)).toMatchObject({ signal: 'long' });
  });
  it('configured weight is that of active strategies: absent ones do not count against it', async () => {
    expect(await ask({ LLM_CLAUDE: toward(0.5), ML_XGB: toward(0.5) })).toMatchObject({ signal: 'long' });
  });
  it('none is no answer', async () => {
    expect(await ask({ ML_LGBM: none, ML_XGB: toward(0.5), LLM_CLAUDE: none, RL_PPO: toward(0.5) })).toMatchObject({
      signal: 'long',
    });
    expect(await ask({ ML_LGBM: none, ML_XGB: toward(0.5), LLM_CLAUDE: toward(0.5), RL_PPO: none })).toMatchObject({
      code: 'quorum',
    });
  });
  it('no active member is none (quorum)', async () => expect(await ask({})).toMatchObject({ code: 'quorum' }));
});

describe('consensus', () => {
  it('s = 0 is flat, rounding apart', async () => {
    expect(await ask({ A: toward(0.5), B: toward(-1) }, FLAT, { A: 0.3, B: 0.15 })).toMatchObject({ signal: 'flat' });
    expect(await ask({ A: toward(0.1), B: toward(0.2), C: toward(-0.3) }, FLAT, { A: 1, B: 1, C: 1 })).toMatchObject({
      signal: 'flat',
    });
  });
  it('exactly half of the weight on the sign of s is enough, rounding apart', async () => {
    const weights = { A: 0.1, B: 0.2, C: 0.3 };
    expect(await ask({ A: flat, B: flat, C: toward(0.9) }, FLAT, weights)).toMatchObject({ signal: 'long' });
    expect(await ask({ A: flat, B: flat, C: toward(0.9) }, FLAT, { ...weights, C: 0.29 })).toMatchObject({
      signal: 'flat',
    });
  });
  it('is the weight on the sign of s, not the number of members', async () => {
    const weights = { A: 0.2, B: 0.2, C: 0.6 };
    expect(await ask({ A: toward(0.1), B: toward(0.1), C: toward(-0.9) }, FLAT, weights)).toMatchObject({
      signal: 'short',
    });
  });
});

describe('in a position', () => {
  it('an opposite consensus flips', async () => {
    expect(await ask({ RL_PPO: toward(-0.8), ML_XGB: toward(-0.4) }, inPosition('long'))).toMatchObject({
      signal: 'short',
    });
    expect(await ask({ RL_PPO: toward(0.8), ML_XGB: toward(0.4) }, inPosition('short'))).toMatchObject({
      signal: 'long',
    });
  });
  it('an opposite consensus flips even when other members close', async () => {
    expect(await ask({ RL_PPO: toward(-0.8), ML_XGB: closing('long') }, inPosition('long'))).toMatchObject({
      signal: 'short',
    });
  });
  it('otherwise weight(opposite) + weight of members that close this direction ≥ .5·W → close', async () => {
    const weights = { A: 0.2, B: 0.3, C: 0.5 };
    const said = await ask({ A: toward(-0.2), B: closing('long'), C: toward(0.9) }, inPosition('long'), weights);
    expect(said).toMatchObject({ signal: 'close' });
    expect(said.reasoning).toContain('B 0.30 × +0.00 (closes long)');
    expect(
      await ask({ A: toward(-0.2), B: closing('long'), C: toward(0.9) }, inPosition('long'), { ...weights, C: 0.52 }),
    ).toMatchObject({ signal: 'long' });
  });
  it('a member that closes the other direction does not count', async () => {
    expect(await ask({ RL_PPO: closing('short'), ML_XGB: flat }, inPosition('long'))).toMatchObject({ signal: 'flat' });
    expect(await ask({ RL_PPO: closing('short'), ML_XGB: flat }, inPosition('short'))).toMatchObject({
      signal: 'close',
    });
  });
  it('a close without a known side does not count', async () => {
    expect(await ask({ RL_PPO: { signal: 'close', reasoning: '' }, ML_XGB: flat }, inPosition('long'))).toMatchObject({
      signal: 'flat',
    });
  });
  it('no close when the account is flat', async () => {
    expect(await ask({ RL_PPO: closing('long'), ML_XGB: flat })).toMatchObject({ signal: 'flat' });
  });
});

it('the reasoning names members, weights and scores', async () => {
  const said = await ask({ RL_PPO: toward(0.8), ML_LGBM: toward(-0.6), ML_XGB: toward(0.5), LLM_CLAUDE: none });
  expect(said.reasoning).toBe(
    'score +0.2687, consensus 0.6875, weight 0.80 of 1.00; RL_PPO 0.30 × +0.80, ML_LGBM 0.25 × −0.60, ML_XGB 0.25 × +0.50, LLM_CLAUDE silent (unavailable).',
  );
});

it('holds to the contract: the conformance kit', async () => {
  const { cases } = await testStrategy(ensemble);
  expect(cases.filter(({ status }) => status === 'skip').map(({ name }) => name)).toEqual(['restore', 'model']);
  // scripted members speak for it: all kinds of answers were looked at
  expect(cases.find(({ name }) => name === 'opinions')!.detail).toMatch(/(?=.*long)(?=.*short)(?=.*flat)(?=.*close)/);
});
