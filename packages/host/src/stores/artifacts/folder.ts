import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignalboxError } from '@signalbox/core';
import { isTemporary, removeAbandoned, writeWhole } from './atomic-file.js';
import { checkName } from './names.js';
import { MAX_ARTIFACT_BYTES, MAX_OBJECTS, type ArtifactStore, type StoredObject } from './port.js';
import { alreadyThere, notThere, tooLarge } from './problems.js';

/** Model files in a folder of the project. */
export function openFolder(folder: string): ArtifactStore {
  const pathOf = (name: string): string => join(folder, ...checkName(name).split('/'));

  const get = async (name: string, first?: number): Promise<Uint8Array> => {
    const path = pathOf(name);
    try {
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (first === undefined && size > MAX_ARTIFACT_BYTES) throw tooLarge(name, size);
        const bytes = new Uint8Array(Math.min(size, first ?? size));
        let filled = 0;
        while (filled < bytes.length) {
          const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await file.close();
      }
    } catch (error) {
      throw reported(error, name);
    }
  };

  const reported = (error: unknown, name: string): unknown => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return notThere(name, folder);
    if (typeof code !== 'string' || !code.startsWith('E')) return error;
    return new SignalboxError(
      'ARTIFACT_STORE_DOWN',
      `the folder of model files ${folder} cannot be used: ${code} at ${name}`,
      'Check its rights and the space on its disk.',
      { cause: error },
    );
  };

  return {
    kind: 'folder',
    place: folder,
    get,
    async list() {
      try {
        const found: StoredObject[] = [];
        for (const entry of await readdir(folder, { withFileTypes: true })) {
          if (!entry.isDirectory()) continue;
          for (const name of await readdir(join(folder, entry.name)).catch(goneIsEmpty)) {
            if (isTemporary(name) || found.length >= MAX_OBJECTS) continue;
            const file = await stat(join(folder, entry.name, name)).catch(goneIsNull);
            if (!file?.isFile()) continue;
            found.push({ name: `${entry.name}/${name}`, bytes: file.size, modified: Math.floor(file.mtimeMs) });
          }
        }
        return found.sort((a, b) => (a.name < b.name ? -1 : 1));
      } catch (error) {
        if (isGone(error)) return [];
        throw reported(error, '');
      }
    },
    async put(name, bytes) {
      const path = pathOf(name);
      if (bytes.length > MAX_ARTIFACT_BYTES) throw tooLarge(name, bytes.length);
      try {
        await removeAbandoned(dirname(path), Date.now());
        await writeWhole(path, bytes, { replace: false });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw reported(error, name);
        if (Buffer.compare(await get(name), bytes) !== 0) throw alreadyThere(name);
      }
    },
  };
}

/** Removed in the meantime, or a link to nowhere: nothing that could be loaded, and no fault of what lies beside it. */
const isGone = (error: unknown): boolean => ['ENOENT', 'ELOOP'].includes(String((error as NodeJS.ErrnoException).code));

function goneIsNull(error: unknown): null {
  if (isGone(error)) return null;
  throw error;
}

function goneIsEmpty(error: unknown): string[] {
  if (isGone(error)) return [];
  throw error;
}
