import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { SignalboxError } from '@signalbox/core';
import { removeAbandoned, writeWhole } from './atomic-file.js';
import type { ArtifactStore } from './port.js';

/** Files that stay: models and manifests, the last used ones. */
const KEPT = 64;

export const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Files of an S3 store, kept on this machine under their digest: once verified, a model needs no network. */
export class ArtifactCache {
  constructor(private readonly folder: string) {}

  /** Undefined when it is not here. What does not have its digest any more is removed. */
  async read(sha256: string): Promise<Uint8Array | undefined> {
    const path = this.path(sha256);
    const bytes = await readFile(path).catch(() => undefined);
    if (!bytes) return undefined;
    if (digestOf(bytes) !== sha256) {
      await rm(path, { force: true });
      return undefined;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return new Uint8Array(bytes);
  }

  async write(sha256: string, bytes: Uint8Array): Promise<void> {
    await writeWhole(this.path(sha256), bytes, { replace: true });
    await removeAbandoned(this.folder, Date.now());
    await this.prune();
  }

  private path(sha256: string): string {
    return join(this.folder, sha256);
  }

  private async prune(): Promise<void> {
    const names = (await readdir(this.folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    if (names.length <= KEPT) return;
    const aged = await Promise.all(
      names.map(async (name) => ({
        name,
        used: (await stat(join(this.folder, name)).catch(() => null))?.mtimeMs ?? 0,
      })),
    );
    aged.sort((a, b) => b.used - a.used);
    await Promise.all(aged.slice(KEPT).map(({ name }) => rm(join(this.folder, name), { force: true })));
  }
}

/**
 * The file with this digest and no other: from the cache, else from the store, hashed after the download.
 * @throws MODEL_HASH_MISMATCH, MODEL_UNKNOWN, ARTIFACT_STORE_DOWN
 */
export async function fetchVerified(
  store: ArtifactStore,
  cache: ArtifactCache | null,
  name: string,
  sha256: string,
): Promise<Uint8Array> {
  const kept = await cache?.read(sha256);
  if (kept) return kept;
  const bytes = await store.get(name);
  const found = digestOf(bytes);
  if (found !== sha256) {
    throw new SignalboxError(
      'MODEL_HASH_MISMATCH',
      `${name} in ${store.place} is not the file that was verified: sha256 ${found}, it was ${sha256}`,
      'A stored version never changes: put the old file back, or add the new one as a version of its own.',
    );
  }
  // a full disk must not keep a verified model from serving
  await cache?.write(sha256, bytes).catch(() => {});
  return bytes;
}
