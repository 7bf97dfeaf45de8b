import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { SignalboxError } from '@signalbox/core';
import { hashPassword } from '../security/passwords.js';
import { GRANTED, type GrantedRole } from '../security/roles.js';
import { addUser, listUsers, removeUser, setPassword } from '../stores/postgres/accounts.js';
import { actor } from './actor.js';
import { readPassword } from './secret-input.js';
import { configOf, type Session } from './session.js';
import { withStore, type OpenStore } from './store.js';
import { table } from './terminal.js';

interface Flags {
  readonly world?: string;
  readonly role?: GrantedRole;
  readonly name?: string;
  readonly passwordStdin?: boolean;
}

/** `signalbox users …`: who may log in on the page. The first admin is made here: no route makes users. */
export function usersCommand(session: Session): Command {
  const users = new Command('users').description('who may log in on the page, and as what');
  const command = (name: string, text: string, ...examples: string[]): Command =>
    users
      .command(name)
      .description(text)
      .option('--world <world>', 'market or demo; default: the configured one')
      .addHelpText('after', `\nExamples:${examples.map((each) => `\n  signalbox users ${each}`).join('')}`);
  const role = new Option('--role <role>', 'what he may do: each role may do what those before it may')
    .choices([...GRANTED])
    .default('viewer');
  const stdin = ['--password-stdin', 'take the password from the first line of standard input'] as const;

  command(
    'add',
    'add a user; asks for his password',
    'add ana@example.org --role admin',
    'add ben@example.org --password-stdin < FILE',
  )
    .addArgument(new Argument('<email>').argParser(address))
    .addOption(role)
    .option('--name <name>', 'his name')
    .option(...stdin)
    .action(async (email: string, flags: Flags) => {
      const passwordHash = await hashPassword(await readPassword(session, flags.passwordStdin ?? false));
      await open(session, flags, async ({ pool }, hint) => {
        const user = { email, name: flags.name ?? null, role: flags.role ?? 'viewer', passwordHash };
        if (!(await addUser(pool, actor(), user)))
          throw new SignalboxError(
            'USER_EXISTS',
            `there is a user ${email}`,
            'signalbox users password sets a new password.',
          );
        session.terminal.result({ email, role: user.role }, `${email} may log in as ${user.role}.${hint}`);
      });
    });
  command('list', 'list the users', 'list', 'list --world market --json').action((flags: Flags) =>
    open(session, flags, async ({ pool }) => {
      const found = (await listUsers(pool)).map(({ email, name, role, createdAt }) => ({
        email,
        name,
        role,
        created_at: new Date(createdAt).toISOString(),
      }));
      const rows = found.map((each) => [each.email, each.name ?? '–', each.role, each.created_at]);
      session.terminal.result(
        { users: found },
        rows.length === 0
          ? 'No users: signalbox users add EMAIL --role admin.'
          : table(['e-mail', 'name', 'role', 'since'], rows),
      );
    }),
  );
  command(
    'remove',
    'remove a user and end his logins',
    'remove ana@example.org',
    'remove ana@example.org --world market',
  )
    .addArgument(new Argument('<email>').argParser(address))
    .action((email: string, flags: Flags) =>
      open(session, flags, async ({ pool }) => {
        if (!(await removeUser(pool, actor(), email))) throw unknownUser(email);
        session.terminal.result({ email }, `${email} is removed; his logins end.`);
      }),
    );
  command(
    'password',
    'set a new password and end the logins of the old one',
    'password ana@example.org',
    'password ana@example.org --password-stdin < FILE',
  )
    .addArgument(new Argument('<email>').argParser(address))
    .option(...stdin)
    .action(async (email: string, flags: Flags) => {
      const hash = await hashPassword(await readPassword(session, flags.passwordStdin ?? false));
      await open(session, flags, async ({ pool }) => {
        if (!(await setPassword(pool, actor(), email, hash))) throw unknownUser(email);
        session.terminal.result({ email }, `${email} has a new password; his logins end.`);
      });
    });
  return users;
}

/** The configured world's store, and a hint when nobody is asked who he is. */
export async function open(
  session: Session,
  { world }: Pick<Flags, 'world'>,
  work: (store: OpenStore, hint: string) => Promise<void>,
): Promise<void> {
  const config = configOf(session, world === undefined ? {} : { world });
  const hint = config.access.required
    ? ''
    : '\nThis host asks nobody who he is: set "authentication": "required" in signalbox.config.json to change that.';
  await withStore(session, config, (store) => work(store, hint));
}

function address(text: string): string {
  const email = text.trim().toLowerCase();
  if (!/^[^\s@]{1,100}@[^\s@]{1,100}$/.test(email)) throw new InvalidArgumentError('Give an e-mail address.');
  return email;
}

const unknownUser = (email: string): SignalboxError =>
  new SignalboxError('USER_UNKNOWN', `there is no user ${email}`, 'signalbox users list shows them.');
