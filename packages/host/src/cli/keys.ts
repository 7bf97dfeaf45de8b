import { Command, InvalidArgumentError, Option } from 'commander';
import { SignalboxError } from '@signalbox/core';
import { GRANTED, type GrantedRole } from '../security/roles.js';
import { newKey } from '../security/secrets.js';
import { addKey, listKeys, revokeKey, type ApiKey } from '../stores/postgres/credentials.js';
import { actor } from './actor.js';
import { integer, type Session } from './session.js';
import { table } from './terminal.js';
import { open } from './users.js';

interface Flags {
  readonly world?: string;
  readonly role?: GrantedRole;
  readonly days?: number;
}

/** `signalbox keys …`: keys of programs. */
export function keysCommand(session: Session): Command {
  const keys = new Command('keys').description('API keys: what programs say who they are with');
  const command = (usage: string, text: string, ...examples: string[]): Command =>
    keys
      .command(usage)
      .description(text)
      .option('--world <world>', 'market or demo; default: the configured one')
      .addHelpText('after', `\nExamples:${examples.map((each) => `\n  signalbox keys ${each}`).join('')}`);

  command('add', 'make a key; it is shown this once', 'add grafana', 'add airflow --role trader --days 365')
    .argument('<name>', 'what it is for', nameOf)
    .addOption(
      new Option('--role <role>', 'what it may do: each role may do what those before it may')
        .choices([...GRANTED])
        .default('viewer'),
    )
    .option('--days <n>', 'ends after so many days', integer(1, 3650))
    .action((name: string, flags: Flags) =>
      open(session, flags, async ({ pool }, hint) => {
        const { id, key, digest } = newKey();
        const role = flags.role ?? 'viewer';
        const expiresAt = flags.days === undefined ? null : Date.now() + flags.days * 86_400_000;
        if (!(await addKey(pool, actor(), { id, name, role, expiresAt, digest })))
          throw new SignalboxError('KEY_EXISTS', `there is a key ${name}`, 'Revoke it first, or take another name.');
        session.terminal.result(
          { id, name, role, key, expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() },
          `${key}\nThis is key ${name} (${role}); it is shown only now. Send it as: Authorization: Bearer KEY${hint}`,
        );
      }),
    );
  command('list', 'list the keys; the keys themselves are kept nowhere', 'list', 'list --world market --json').action(
    (flags: Flags) =>
      open(session, flags, async ({ pool }) => {
        const found = (await listKeys(pool)).map((each) => ({
          id: each.id,
          name: each.name,
          role: each.role,
          state: stateOf(each),
          created_at: iso(each.createdAt),
          expires_at: iso(each.expiresAt),
          last_used_at: iso(each.lastUsedAt),
        }));
        const rows = found.map((each) => [
          each.id,
          each.name,
          each.role,
          each.state,
          each.created_at ?? '–',
          each.expires_at ?? 'never',
          each.last_used_at ?? 'never',
        ]);
        session.terminal.result(
          { keys: found },
          rows.length === 0
            ? 'No keys: signalbox keys add NAME --role viewer.'
            : table(['id', 'name', 'role', 'state', 'made', 'ends', 'last used'], rows),
        );
      }),
  );
  command('revoke', 'take a key back; within seconds it is worth nothing', 'revoke airflow', 'revoke k3v7qd2m --json')
    .argument('<key>', 'its id or name')
    .action((key: string, flags: Flags) =>
      open(session, flags, async ({ pool }) => {
        const revoked = await revokeKey(pool, actor(), key);
        if (!revoked)
          throw new SignalboxError(
            'KEY_UNKNOWN',
            'there is no such key in use',
            'signalbox keys list shows ids and names.',
          );
        session.terminal.result({ id: revoked.id, name: revoked.name }, `Key ${revoked.name} is revoked.`);
      }),
    );
  return keys;
}

const iso = (time: number | null): string | null => (time === null ? null : new Date(time).toISOString());
const stateOf = ({ revokedAt, expiresAt }: ApiKey): string =>
  revokedAt !== null ? 'revoked' : expiresAt !== null && expiresAt <= Date.now() ? 'expired' : 'valid';

function nameOf(text: string): string {
  if (!/^[\w .@-]{1,100}$/.test(text))
    throw new InvalidArgumentError('Give a name of letters, digits, spaces and . _ @ -');
  return text;
}
