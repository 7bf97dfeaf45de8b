import { SignalboxError } from '@signalbox/core';
import { MAX_ARTIFACT_BYTES } from './port.js';

export function notThere(name: string, place: string): SignalboxError {
  return new SignalboxError(
    'MODEL_UNKNOWN',
    `there is no ${name} in ${place}`,
    'signalbox models list shows what is stored.',
  );
}

export function alreadyThere(name: string): SignalboxError {
  return new SignalboxError(
    'MODEL_EXISTS',
    `another file is stored as ${name}`,
    'A stored version never changes: add the model as a new version, signalbox models add.',
  );
}

export function tooLarge(name: string, bytes: number): SignalboxError {
  return new SignalboxError(
    'MODEL_MALFORMED',
    `${name} has ${bytes.toLocaleString('en-US')} bytes; a model has at most ${MAX_ARTIFACT_BYTES.toLocaleString('en-US')}`,
    'Train a smaller model.',
  );
}
