import { route, type Route } from './route.js';
import { Query, Root } from './schemas.js';

/** `GET /`: what the service is and what it answers. */
export function root(
  message: string,
  routes: () => readonly Route[],
  extra: Readonly<Record<string, string>> = {},
): Route {
  return route({
    path: '/',
    summary: 'What this service answers',
    description: 'Name, version and routes of the service.',
    query: Query({}),
    response: Root,
    handler: (_, { version }) => ({
      message,
      version,
      endpoints: {
        ...Object.fromEntries(
          routes().map((each) => [
            each.method === 'GET' ? openApiPath(each.path) : `${each.method} ${openApiPath(each.path)}`,
            each.summary,
          ]),
        ),
        ...extra,
      },
    }),
  });
}

/** `/api/models/:code` → `/api/models/{code}` */
export const openApiPath = (path: string): string => path.replace(/:(\w+)/g, '{$1}');
