import { opinionFault, type Opinion } from '@signalbox/core';

/** Characters of a reasoning that are kept: it stands in every answer and on the page. */
export const MAX_REASONING = 4_000;

/**
 * An opinion as it may be stored: the fields of the contract and no others, a text of bounded length that PostgreSQL takes
 * (no NUL, no half of a surrogate pair). What is no opinion becomes `none` (`unavailable`) with the fault.
 */
export function boundedOpinion(answer: unknown): Opinion {
  const fault = opinionFault(answer);
  if (fault !== null)
    return { signal: 'none', code: 'unavailable', reasoning: storable(`malformed opinion: ${fault}`) };
  const said = answer as Opinion;
  const reasoning = storable(said.reasoning);
  switch (said.signal) {
    case 'none':
      return { signal: 'none', code: said.code, reasoning };
    case 'flat':
    case 'close':
      return said.confidence === undefined
        ? { signal: said.signal, reasoning }
        : { signal: said.signal, confidence: said.confidence, reasoning };
    default: {
      const { signal, confidence, score, confidenceFloor, size, stopDistance, targetDistance } = said;
      return {
        signal,
        confidence,
        reasoning,
        ...(score !== undefined && { score }),
        ...(confidenceFloor !== undefined && { confidenceFloor }),
        ...(size !== undefined && { size }),
        ...(stopDistance !== undefined && { stopDistance }),
        ...(targetDistance !== undefined && { targetDistance }),
      };
    }
  }
}

/** A text that a row can hold. */
export function storable(text: string, most = MAX_REASONING): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll('\0', '').replace(/\p{Surrogate}/gu, '\ufffd');
}
