import { openApiPath } from './root.js';
import type { Route } from './route.js';
import { ErrorBody } from './schemas.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request makes no sense here',
  401: 'No key or login, or one that is not valid',
  403: 'The role does not suffice, or Host or Origin is not allowed',
  404: 'Unknown route, symbol, strategy or run',
  405: 'The route has another method',
  409: 'Not in this world or state',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'A parameter is invalid; the detail names it',
  429: 'Too many requests; Retry-After says when to come again',
  503: 'The database does not answer',
};

/** The routes as an OpenAPI 3.1 document. A schema with a title becomes a component; the same routes give the same text. */
export function openApi(title: string, version: string, routes: readonly Route[]): JsonObject {
  const schemas: JsonObject = {};
  const paths: { [path: string]: JsonObject } = {};
  for (const each of routes) {
    const path = openApiPath(each.path);
    (paths[path] ??= {})[each.method.toLowerCase()] = operation(each, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title,
      version,
      description: 'Times are ISO 8601 UTC with milliseconds. Unknown figures are null. `_pct` is percent.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer' },
        header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        login: { type: 'apiKey', in: 'cookie', name: 'signalbox' },
      },
      schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function operation(route: Route, schemas: JsonObject): JsonObject {
  const responses: JsonObject = { [route.success]: content('Success', route.response, schemas, route.type) };
  if (['/api/health', '/ready'].includes(route.path))
    responses[503] = content('The database does not answer', route.response, schemas);
  for (const status of new Set(
    [...route.errors, ...(route.role === 'public' ? [] : [401, 403]), 422, 429, 503].sort(),
  )) {
    responses[status] ??= content(ERRORS[status] ?? 'Error', ErrorBody, schemas);
  }
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: route.description,
    'x-role': route.role,
    // where the host asks for it
    ...(route.role === 'public' ? {} : { security: [{ key: [] }, { header: [] }, { login: [] }] }),
    parameters: [...parameters(route, 'path'), ...parameters(route, 'query')],
    ...(route.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: component(route.body, schemas) } } } }
      : {}),
    responses,
  };
}

const content = (description: string, schema: object, schemas: JsonObject, type = 'application/json'): JsonObject => ({
  description,
  content: { [type]: { schema: component(schema, schemas) } },
});

function parameters(route: Route, where: 'path' | 'query'): JsonObject[] {
  const { properties, required = [] } = where === 'path' ? route.params : route.query;
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = plain(schema) as JsonObject;
    return {
      name,
      in: where,
      // a parameter with a default may be left out, whatever the schema of the parsed object says
      required: where === 'path' || (required.includes(name) && !('default' in rest)),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

/** Moves every titled schema to the components and leaves a reference. */
function component(schema: object, schemas: JsonObject): Json {
  return lift(plain(schema), schemas);
}

function lift(node: Json, schemas: JsonObject): Json {
  if (node === null || typeof node !== 'object') return node;
  if (Array.isArray(node)) return node.map((each) => lift(each, schemas));
  const { title, ...rest } = node;
  const lifted = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, lift(value, schemas)]));
  // `title` beside `type` is an annotation; under `properties` it would be a field of that name
  if (typeof title !== 'string') return title === undefined ? lifted : { title: lift(title, schemas), ...lifted };
  const known = schemas[title];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(lifted)) {
    throw new RangeError(`two schemas are titled ${title}`);
  }
  schemas[title] = lifted;
  return { $ref: `#/components/schemas/${title}` };
}

/** Without the symbols that the schema builder adds. */
const plain = (schema: object): Json => JSON.parse(JSON.stringify(schema)) as Json;

function operationId(route: Route): string {
  const words = route.path.split(/[/:\-_]/).filter((word) => word && word !== 'api');
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
  return `${route.method.toLowerCase()}${name || 'Root'}`;
}
