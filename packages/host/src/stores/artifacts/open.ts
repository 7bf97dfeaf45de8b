import { join } from 'node:path';
import type { ArtifactConfig } from '../../config/artifacts.js';
import { ArtifactCache } from './cache.js';
import { openFolder } from './folder.js';
import type { ArtifactStore } from './port.js';

export interface Artifacts {
  readonly store: ArtifactStore;
  /** Null for a folder, which needs none. */
  readonly cache: ArtifactCache | null;
}

/** The store of model files that the configuration names. */
export async function openArtifacts(projectDir: string, config: ArtifactConfig): Promise<Artifacts> {
  if (config.kind === 'folder') return { store: openFolder(config.folder), cache: null };
  // loaded when it is used: minio is a third of the host's start
  const { openS3 } = await import('./s3.js');
  return { store: openS3(config), cache: new ArtifactCache(join(projectDir, '.signalbox', 'model-cache')) };
}
