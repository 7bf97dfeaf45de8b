import { parseArgs } from 'node:util';

export const TEMPLATES = ['rules', 'xgboost', 'lightgbm', 'onnx'] as const;
export type Template = (typeof TEMPLATES)[number];

export interface Options {
  /** Folder, relative to where the command runs. */
  readonly folder: string;
  /** Name of the package. */
  readonly name: string;
  readonly code: string;
  readonly template: Template;
  readonly language: 'ts' | 'js';
  readonly dryRun: boolean;
}

/** What a person has to be told, and with which exit code. */
export class Stop extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

export const HELP = `npm create @signalbox/strategy my-strategy [-- options]

Writes a strategy package for Signalbox whose tests pass. Nothing that exists is overwritten.

  --template rules|xgboost|lightgbm|onnx
                                      what it answers from; asked for on a terminal, else rules
  --language ts|js                    TypeScript (default) or JavaScript
  --code MY_STRATEGY                  its code in the database; made of the name by default
  --yes                               ask nothing
  --dry-run                           list the files, write none
  --help

Examples
  npm create @signalbox/strategy my-strategy
  npm create @signalbox/strategy my-strategy -- --template xgboost --language js --yes`;

/** What the arguments say; `ask` is called for what they leave open, when there is someone to ask. */
export async function readOptions(
  args: readonly string[],
  ask: ((question: string, choices: readonly string[]) => Promise<string>) | null,
): Promise<Options> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        template: { type: 'string' },
        language: { type: 'string' },
        code: { type: 'string' },
        yes: { type: 'boolean', short: 'y', default: false },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new Stop(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`, 2);
  }
  const { values, positionals } = parsed;
  if (values.help) throw new Stop(HELP, 0);
  const [given, ...rest] = positionals;
  if (given === undefined || rest.length > 0)
    throw new Stop(`Name one package, for instance my-strategy.\n\n${HELP}`, 2);
  const name = given.replace(/\/+$/, '');
  if (!/^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/.test(name))
    throw new Stop(`"${given}" is no name of an npm package: small letters, digits, dots and dashes.`, 2);
  const template =
    values.template ?? (values.yes || !ask ? 'rules' : await ask('What does it answer from?', TEMPLATES));
  if (!(TEMPLATES as readonly string[]).includes(template))
    throw new Stop(`--template ${template} is unknown; there are ${TEMPLATES.join(', ')}.`, 2);
  const language = values.language ?? 'ts';
  if (language !== 'ts' && language !== 'js') throw new Stop(`--language ${language} is unknown; there are ts, js.`, 2);
  const base = name.slice(name.lastIndexOf('/') + 1);
  const code = values.code ?? codeOf(base);
  if (!/^[A-Z][A-Z0-9_]{1,49}$/.test(code))
    throw new Stop(`--code ${code} must be 2–50 of A–Z, 0–9 and _, beginning with a letter.`, 2);
  return { folder: base, name, code, template: template as Template, language, dryRun: values['dry-run'] };
}

/** `signalbox-strategy-my-idea` → `MY_IDEA`. */
function codeOf(base: string): string {
  const code = base
    .replace(/^(?:signalbox-)?strategy-/, '')
    .replace(/[^a-z0-9]+/g, '_')
    .toUpperCase();
  return /^[A-Z]/.test(code) && code.length > 1 ? code : `S_${code}`;
}
