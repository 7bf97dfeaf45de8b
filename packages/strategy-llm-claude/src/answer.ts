import type { Opinion } from '@signalbox/core';
import { plainText } from './text.js';

/** What the model says, and what a recording keeps. */
export interface Answer {
  readonly direction: 'long' | 'short' | 'flat';
  /** 0–1. */
  readonly confidence: number;
  readonly reasoning: string;
}

/** Sent to the API. Structured outputs know no bounds on numbers, so that {@link readAnswer} checks them alone. */
export const ANSWER_SCHEMA = {
  type: 'object',
  properties: {
    direction: { type: 'string', enum: ['long', 'short', 'flat'] },
    confidence: { type: 'number', description: 'from 0 to 1' },
    reasoning: { type: 'string', description: 'at most 60 words' },
  },
  required: ['direction', 'confidence', 'reasoning'],
  additionalProperties: false,
};

const REASONING_LIMIT = 800;

/** The answer in a text that must be one JSON object of exactly the schema's keys; otherwise what is wrong with it. */
export function readAnswer(text: string): Answer | { readonly fault: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: `it is no JSON object: ${JSON.stringify(plainText(text, 60))}` };
  }
  return checkAnswer(value);
}

export function checkAnswer(value: unknown): Answer | { readonly fault: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { fault: 'it is no JSON object' };
  const said = value as Readonly<Record<string, unknown>>;
  const extra = Object.keys(said).find((key) => !Object.hasOwn(ANSWER_SCHEMA.properties, key));
  if (extra !== undefined)
    return { fault: `it has the key ${JSON.stringify(plainText(extra, 40))}, which is none of the schema's` };
  const missing = ANSWER_SCHEMA.required.find((key) => !Object.hasOwn(said, key));
  if (missing !== undefined) return { fault: `${missing} is missing` };
  const { direction, confidence, reasoning } = said;
  if (direction !== 'long' && direction !== 'short' && direction !== 'flat')
    return { fault: 'direction is none of long, short, flat' };
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1))
    return { fault: 'confidence is no number from 0 to 1' };
  if (typeof reasoning !== 'string') return { fault: 'reasoning is no text' };
  return { direction, confidence, reasoning: plainText(reasoning, REASONING_LIMIT) };
}

/** Size, stop and target are the engine's: nothing of the answer but direction, confidence and words gets through. */
export function opinionOf({ direction, confidence, reasoning }: Answer, facts: string): Opinion {
  return { signal: direction, confidence, reasoning: `${reasoning || 'no reason given'} (${facts})` };
}
