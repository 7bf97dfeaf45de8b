import { createHash } from 'node:crypto';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Obj = { [key: string]: Json };

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#5b6470;--line:#e2e6ea;--card:#f7f8fa;--accent:#0b63c4;--code:#f0f2f5}
@media(prefers-color-scheme:dark){:root{--bg:#101418;--fg:#e6e9ec;--soft:#98a2ad;--line:#2a3138;--card:#171c21;--accent:#6cb2ff;--code:#1d242b}}
*{box-sizing:border-box}html{scroll-behavior:smooth;scroll-padding-top:1rem}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif;display:grid;grid-template-columns:19rem minmax(0,1fr)}
nav{position:sticky;top:0;align-self:start;height:100vh;overflow:auto;padding:1.5rem 1.25rem;border-right:1px solid var(--line);font-size:13px}
nav a{display:block;padding:.15rem 0;color:inherit;text-decoration:none;overflow-wrap:anywhere}nav a:hover,nav a:focus{color:var(--accent)}
main{padding:2rem 2.5rem 6rem;max-width:66rem}h1{margin:0 0 .25rem;font-size:1.6rem}h2{margin:0;font-size:1.05rem;font-weight:600}
h3{margin:1.2rem 0 .3rem;font-size:.78rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft)}
section{margin:1.75rem 0;padding:1.25rem 1.4rem;background:var(--card);border:1px solid var(--line);border-radius:8px}
p{margin:.5rem 0}.soft{color:var(--soft)}code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
code{overflow-wrap:anywhere}pre{background:var(--code);padding:.7rem .9rem;border-radius:6px;overflow:auto;max-height:22rem;margin:.3rem 0}
.m{display:inline-block;min-width:3.4em;font:600 11px/1.7 ui-monospace,monospace;color:var(--accent)}.m.w{color:#c2570c}
table{border-collapse:collapse;width:100%;font-size:13.5px}td,th{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;border-top:1px solid var(--line)}
th{font-weight:600;color:var(--soft);border-top:0}td:first-child{white-space:nowrap}.t{color:var(--soft);white-space:nowrap}
@media(max-width:60rem){body{grid-template-columns:minmax(0,1fr)}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}main{padding:1.25rem}td:first-child{white-space:normal}}
`;

/** For the page: no script, no foreign origin, this one style. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A readable page of an OpenAPI document: routes, parameters, an example of each, the definition of each figure. */
export function docsPage(document: Obj): string {
  const info = document['info'] as Obj;
  const schemas = (document['components'] as Obj)['schemas'] as Obj;
  const operations = Object.entries(document['paths'] as Obj).flatMap(([path, item]) =>
    Object.entries(item as Obj).map(([method, operation]) => ({
      id: `${method}${path.replace(/[^A-Za-z0-9]+/g, '-')}`,
      method: method.toUpperCase(),
      path,
      operation: operation as Obj,
    })),
  );
  type Operation = (typeof operations)[number];
  const link = ({ id, method, path }: Operation): string => `<a href="#${id}">${verb(method)} ${text(path)}</a>`;
  const section = ({ id, method, path, operation }: Operation): string => {
    const parameters = operation['parameters'] as Obj[];
    const success = Object.keys(operation['responses'] as Obj).find((status) => status.startsWith('2'))!;
    const [type, media] = Object.entries(at(operation, 'responses', success, 'content') as Obj)[0]!;
    const schema = (media as Obj)['schema'] as Obj;
    const body = at(operation, 'requestBody', 'content', 'application/json', 'schema') as Obj | undefined;
    const errors = Object.entries(operation['responses'] as Obj).filter(([status]) => status !== success);
    return [
      `<section id="${id}"><h2>${verb(method)} <code>${text(path)}</code></h2>`,
      `<p><strong>${text(operation['summary'])}</strong> <span class="soft">· role ${text(operation['x-role'])}</span></p>`,
      `<p>${text(operation['description'])}</p>`,
      parameters.length === 0
        ? ''
        : table(
            'Parameters',
            parameters.map((each) => {
              const name = `${String(each['name'])}${each['required'] === true ? ' *' : ''}`;
              return [name, kindOf(each['schema'] as Obj, schemas), each['description'] ?? ''];
            }),
          ),
      body ? table('Body', fieldsOf(body, schemas)) : '',
      `<h3>Example</h3><pre>${text(curl(method, path, parameters, body && exampleOf(body, schemas)))}</pre>`,
      type === 'application/json' ? `<pre>${text(JSON.stringify(exampleOf(schema, schemas), null, 2))}</pre>` : '',
      type === 'application/json' ? table('Answer', fieldsOf(schema, schemas)) : `<p class="soft">${text(type)}</p>`,
      table(
        'Errors',
        errors.map(([status, each]) => [status, '', (each as Obj)['description'] ?? '']),
      ),
      '</section>',
    ].join('\n');
  };
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${text(info['title'])}</title><style>${STYLE}</style></head>
<body><nav aria-label="Routes">${operations.map(link).join('')}</nav>
<main><h1>${text(info['title'])}</h1><p class="soft">Version ${text(info['version'])} · <a href="/openapi.json">openapi.json</a></p>
<p>${text(info['description'])} The examples show the shape of an answer; their values stand for their types.</p>
${operations.map(section).join('\n')}
</main></body></html>
`;
}

const text = (value: Json | undefined): string =>
  String(value ?? '').replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const verb = (method: string): string => `<span class="m${method === 'GET' ? '' : ' w'}">${method}</span>`;

function table(title: string, rows: readonly (readonly Json[])[]): string {
  if (rows.length === 0) return '';
  const body = rows.map(
    ([name, type, what]) =>
      `<tr><td><code>${text(name)}</code></td><td class="t">${text(type)}</td><td>${text(what)}</td></tr>`,
  );
  return `<h3>${title}</h3><table>${body.join('')}</table>`;
}

function at(node: Json | undefined, ...path: string[]): Json | undefined {
  for (const key of path) {
    if (node === null || typeof node !== 'object' || Array.isArray(node)) return undefined;
    node = node[key];
  }
  return node;
}

function resolved(schema: Obj, schemas: Obj): Obj {
  const reference = schema['$ref'];
  return typeof reference === 'string' ? (schemas[reference.split('/').at(-1)!] as Obj) : schema;
}

/** The part of a union that is not null. */
function solid(schema: Obj, schemas: Obj): { schema: Obj; nullable: boolean } {
  const whole = resolved(schema, schemas);
  const union = whole['anyOf'] as Obj[] | undefined;
  if (!union) return { schema: whole, nullable: false };
  const [first] = union.filter((each) => each['type'] !== 'null');
  return { schema: resolved(first!, schemas), nullable: true };
}

function kindOf(schema: Obj, schemas: Obj): string {
  const { schema: of, nullable } = solid(schema, schemas);
  const choice = of['enum'] as Json[] | undefined;
  const kind = choice
    ? choice.join(' | ')
    : of['type'] === 'array'
      ? `${kindOf(of['items'] as Obj, schemas)}[]`
      : String(of['format'] ?? of['type'] ?? 'any');
  const range = [of['minimum'], of['maximum']];
  return [
    kind,
    range.some((each) => each !== undefined) ? ` ${range[0] ?? ''}…${range[1] ?? ''}` : '',
    nullable ? ' or null' : '',
    schema['default'] === undefined ? '' : `, ${JSON.stringify(schema['default'])} by default`,
  ].join('');
}

/** One row a field, those of parts indented by their path. */
function fieldsOf(schema: Obj, schemas: Obj, before = ''): Json[][] {
  const { schema: of } = solid(schema, schemas);
  if (of['type'] === 'array') return fieldsOf(of['items'] as Obj, schemas, `${before}[]`);
  return Object.entries((of['properties'] as Obj | undefined) ?? {}).flatMap(([name, each]) => {
    const property = each as Obj;
    const inner = solid(property, schemas).schema;
    const what = property['description'] ?? inner['description'] ?? '';
    const path = before === '' ? name : `${before}.${name}`;
    const kind = inner['type'] === 'array' ? 'array' : kindOf(property, schemas);
    return [[path, kind, what], ...fieldsOf(property, schemas, path)];
  });
}

function exampleOf(schema: Obj, schemas: Obj): Json {
  const { schema: of } = solid(schema, schemas);
  if (of['enum']) return (of['enum'] as Json[])[0]!;
  switch (of['type']) {
    case 'object':
      return Object.fromEntries(
        Object.entries((of['properties'] as Obj | undefined) ?? {}).map(([name, each]) => [
          name,
          exampleOf(each as Obj, schemas),
        ]),
      );
    case 'array':
      return [exampleOf(of['items'] as Obj, schemas)];
    case 'integer':
      return 1;
    case 'number':
      return 0.5;
    case 'boolean':
      return false;
    case 'string':
      return of['format'] === 'date-time'
        ? '2025-03-07T15:00:00.000Z'
        : of['format'] === 'date'
          ? '2025-03-07'
          : 'text';
    default:
      return null;
  }
}

function curl(method: string, path: string, parameters: readonly Obj[], body: Json | undefined): string {
  const sample: Record<string, string> = { symbol: 'USDCOP', code: 'ML_XGB', id: '1' };
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => sample[name] ?? name);
  const query = parameters
    .filter((each) => each['in'] === 'query' && at(each, 'schema', 'default') !== undefined)
    .map((each) => `${String(each['name'])}=${String(at(each, 'schema', 'default'))}`);
  const url = `"http://localhost:PORT${filled}${query.length > 0 ? `?${query.join('&')}` : ''}"`;
  return method === 'GET'
    ? `curl ${url}`
    : `curl -X ${method} ${url}${body === undefined ? '' : ` -H 'content-type: application/json' -d '${JSON.stringify(body)}'`}`;
}
