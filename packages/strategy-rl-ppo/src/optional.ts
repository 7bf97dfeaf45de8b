/**
 * Imports a package that may be absent; null when it is. An installed one that fails, or lacks something itself, is an error: to go
 * another way in silence would hide it.
 */
export async function importOptional(name: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ name);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    const absent =
      code === 'ERR_MODULE_NOT_FOUND' ||
      /could not resolve|cannot find (package|module)|failed to load/i.test(String(message));
    // the name in quotes: what is missing is the package itself
    if (absent && new RegExp(`['"]${name}['"]`).test(String(message))) return null;
    throw error;
  }
}
