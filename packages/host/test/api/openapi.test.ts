import { Ajv2020 } from 'ajv/dist/2020.js';
import openapiTS from 'openapi-typescript';
import { describe, expect, it } from 'vitest';
import { ANALYTICS_ROUTES } from '../../src/services/analytics/index.js';
import { ALL_ROUTES, wholeApi } from '../../src/services/document.js';
import { MODELS_ROUTES } from '../../src/services/models/index.js';
import { openApi } from '../../src/services/openapi.js';
import { ROLES } from '../../src/services/route.js';
import { TRADING_ROUTES } from '../../src/services/trading/index.js';
import type { Json } from './stage.js';

const documents: [string, Json][] = [
  ['models', openApi('Models', '1', MODELS_ROUTES)],
  ['trading', openApi('Trading', '1', TRADING_ROUTES)],
  ['analytics', openApi('Analytics', '1', ANALYTICS_ROUTES)],
  ['whole', wholeApi('1')],
];

function references(node: unknown): string[] {
  if (node === null || typeof node !== 'object') return [];
  return Object.entries(node).flatMap(([key, value]) => (key === '$ref' ? [String(value)] : references(value)));
}

describe.each(documents)('the OpenAPI document of %s', (_, document) => {
  it('is valid OpenAPI 3.1: the linter of the type generator accepts it', async () => {
    await expect(openapiTS(structuredClone(document))).resolves.toBeDefined();
    const broken = structuredClone(document);
    broken['paths']['/api/health'].get.responses = 'none';
    await expect(openapiTS(broken), 'and it refuses what is not').rejects.toThrow();
  });

  it('has no dangling reference, no two operations of one id, and every path parameter', () => {
    const known = Object.keys(document['components'].schemas).map((name) => `#/components/schemas/${name}`);
    expect(known).toEqual(expect.arrayContaining(references(document)));
    const operations = Object.entries<Json>(document['paths']).flatMap(([path, item]) =>
      Object.values<Json>(item).map((operation) => ({ path, operation })),
    );
    const ids = operations.map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation['parameters']
        .filter((each: Json) => each['in'] === 'path')
        .map((each: Json) => each['name']);
      expect(declared).toEqual(inPath);
      const statuses = Object.keys(operation['responses']);
      expect(statuses).toEqual(expect.arrayContaining(['422', '503']));
      expect(statuses.filter((status) => status.startsWith('2'))).toHaveLength(1);
    }
  });

  it('has component schemas that compile', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'api');
    for (const name of Object.keys(document['components'].schemas)) {
      expect(ajv.getSchema(`api#/components/schemas/${name}`)).toBeTypeOf('function');
    }
  });
});

it('two different schemas cannot share a title', () => {
  const [first] = MODELS_ROUTES;
  const twin = { ...first!, path: '/twin', response: { ...first!.response, description: 'another' } };
  expect(() => openApi('x', '1', [first!, twin])).toThrow(/titled/);
});

it('every route says what its caller must be; what changes state is never open to a viewer', () => {
  for (const each of ALL_ROUTES) {
    expect(ROLES, `${each.method} ${each.path}`).toContain(each.role);
    // a login, its end, and a ticket for a WebSocket concern the caller alone
    const own = ['/api/login', '/api/logout', '/api/ws-ticket'].includes(each.path);
    if (each.method !== 'GET' && !own) expect(['trader', 'admin'], `${each.method} ${each.path}`).toContain(each.role);
  }
});
