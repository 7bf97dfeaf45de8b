import { Type } from '@sinclair/typebox';
import { ROLES } from '../../security/roles.js';
import { Choice, Nullable, Shape, Timestamp } from '../schemas.js';

export const Who = Shape('Who', {
  kind: Choice(['key', 'session'], { description: 'How he has said who he is' }),
  name: Type.String({ description: 'E-mail address of a user, or name of a key' }),
  role: Choice(ROLES),
});

export const SessionState = Shape('SessionState', {
  authentication: Choice(['none', 'required'], { description: 'none: everybody on this machine may do everything' }),
  role: Choice(ROLES, { description: 'What the caller may do' }),
  caller: Nullable(Who),
});

export const Login = Shape('Login', {
  email: Type.String({ minLength: 1, maxLength: 200 }),
  password: Type.String({ minLength: 1, maxLength: 256 }),
});

export const Empty = Shape('EmptyBody', {});

export const Ticket = Shape('Ticket', {
  ticket: Type.String({ description: 'For one WebSocket: `?ticket=`' }),
  expires_at: Timestamp,
});
