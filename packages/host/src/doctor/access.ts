import { brokenAudit } from '../stores/postgres/audit.js';
import { count, fail, pass, skip, warn, type Check } from './check.js';

/** Whether somebody can come in at all where a key or a login is asked for, and whether an admin can. */
export const access: Check = {
  name: 'access',
  needs: 'database',
  async run({ config, db }) {
    const { rows } = await db.query<{ users: number; keys: number; admins: number }>(
      `SELECT (SELECT count(*)::int FROM users) AS users, count(k.*)::int AS keys,
         (SELECT count(*)::int FROM users WHERE role = 'admin') + count(*) FILTER (WHERE k.role = 'admin')::int AS admins
       FROM dw.api_key k WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
    );
    const { users, keys, admins } = rows[0]!;
    const who = `${count(users, 'user')}, ${count(keys, 'valid key')}`;
    if (!config.access.required) return skip(`nobody is asked who he is: ${config.bind} alone is listened on`);
    const add = 'signalbox users add EMAIL --role admin';
    if (users + keys === 0) return warn('a key or a login is asked for, and there is neither', add);
    return admins === 0 ? warn(`${who}, and no admin among them`, add) : pass(who);
  },
};

/** Whether each entry of the audit follows from the one before it. */
export const audit: Check = {
  name: 'audit',
  needs: 'database',
  async run({ db }) {
    const broken = await brokenAudit(db);
    if (broken !== null)
      return fail(
        `entry ${broken} was changed, or entries before it are missing`,
        'signalbox audit shows them; compare with a backup, and change the password of the database.',
      );
    const { rows } = await db.query<{ n: number }>('SELECT count(*)::int AS n FROM dw.audit');
    return pass(`${count(rows[0]!.n, 'entry').replace('entrys', 'entries')}, each follows from the one before`);
  },
};
