import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** A Python with the libraries of `training/requirements.lock`: SIGNALBOX_PYTHON; null without one. */
export const python: string | null = (() => {
  const given = process.env['SIGNALBOX_PYTHON'];
  if (!given) return null;
  const found = spawnSync(given, ['-c', 'import xgboost, lightgbm, sklearn, pandas, pyarrow, minio'], {
    encoding: 'utf8',
  });
  if (found.status !== 0)
    throw new Error(`SIGNALBOX_PYTHON lacks a library of training/requirements.lock: ${found.stderr}`);
  return given;
})();
export const NEEDS_PYTHON = '(needs SIGNALBOX_PYTHON with training/requirements.lock)';

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script or `-c CODE` from the root of the repository. */
export function runPython(args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(python!, args, { cwd: repository });
    let out = '';
    let err = '';
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (err += text.toString()));
    child.on('error', reject).on('close', (status) => resolve({ status, out, err }));
  });
}
