import { SignalboxError } from '@signalbox/core';

const CODE = '[A-Z][A-Z0-9_]{1,49}';
const OBJECT = new RegExp(`^(${CODE})/model_v([1-9]\\d{0,6})\\.(manifest\\.json|[A-Za-z0-9]{1,16})$`);
const MANIFEST = 'manifest.json';

/** What the name of a stored file says. */
export interface ArtifactName {
  readonly code: string;
  readonly version: number;
  readonly kind: 'model' | 'manifest';
}

/** Undefined for a name that is not ours. */
export function parseName(name: string): ArtifactName | undefined {
  const match = OBJECT.exec(name);
  if (!match) return undefined;
  return { code: match[1]!, version: Number(match[2]), kind: match[3] === MANIFEST ? 'manifest' : 'model' };
}

export function modelName(code: string, version: number, extension: string): string {
  return checkName(`${code}/model_v${version}.${extension}`);
}

export function manifestName(code: string, version: number): string {
  return checkName(`${code}/model_v${version}.${MANIFEST}`);
}

/** Only names of this form reach a path or a key. */
export function checkName(name: string): string {
  if (parseName(name)) return name;
  throw new SignalboxError(
    'PARAMETER_INVALID',
    `"${name}" is no name of a model file`,
    'A model file is called CODE/model_vN.ext, its manifest CODE/model_vN.manifest.json.',
  );
}
