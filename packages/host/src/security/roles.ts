/** What a caller must be at least: each role may do what those before it may. */
export const ROLES = ['public', 'viewer', 'trader', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Roles that a key or a user can have. */
export const GRANTED = ['viewer', 'trader', 'admin'] as const;
export type GrantedRole = (typeof GRANTED)[number];

export const mayDo = (has: Role, needs: Role): boolean => ROLES.indexOf(has) >= ROLES.indexOf(needs);
