import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const TEMPORARY = '.tmp-';
const ABANDONED_MS = 3_600_000;

/** Names that are on their way and that no reader should see. */
export const isTemporary = (name: string): boolean => name.startsWith(TEMPORARY);

/**
 * Writes a file that is whole or absent at any moment, after a crash too: beside its place, flushed, then moved into it.
 * @param replace false: an existing file stays, and the error is EEXIST
 */
export async function writeWhole(
  path: string,
  bytes: Uint8Array,
  { replace }: { readonly replace: boolean },
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `${TEMPORARY}${process.pid}-${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    // unlike rename, link never replaces
    if (replace) await rename(temporary, path);
    else await link(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
}

/** Removes what killed writers left behind, an hour later. */
export async function removeAbandoned(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isTemporary(name)) continue;
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found && now - found.mtimeMs > ABANDONED_MS) await rm(join(folder, name), { force: true });
  }
}

/** The name itself survives a power cut only when its folder is flushed; Windows cannot do that. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
