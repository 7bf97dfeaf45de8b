import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, extname, join, relative, sep } from 'node:path';
import Koa from 'koa';
import { SignalboxError } from '@signalbox/core';
import { createApplication, guard, type ApplicationOptions } from '../application.js';
import type { ServiceDependencies } from '../dependencies.js';
import { PAGE_ROUTES } from '../document.js';

interface Asset {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Its name changes with its content. */
  readonly immutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

/** Scripts and styles of this origin only; nobody frames the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "object-src 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * The page, and on its own origin the routes and the WebSocket that it uses. Files are read once, when they are first
 * asked for, from a list made then: no path of a request ever reaches the file system.
 */
export function createPage(dependencies: ServiceDependencies, options: ApplicationOptions, folder?: string): Koa {
  const app = new Koa();
  const api = createApplication(PAGE_ROUTES, dependencies, options);
  let loading: Promise<Map<string, Asset>> | undefined;
  const assets = async (): Promise<Map<string, Asset>> => {
    loading ??= load(folder ?? builtPage());
    try {
      return await loading;
    } catch (cause) {
      loading = undefined;
      throw new SignalboxError('PAGE_NOT_BUILT', 'the page is not built', 'Run npm run build, or npm start.', {
        cause,
      });
    }
  };

  app.use(guard(options));
  app.use(async (ctx, next) => {
    if (/^\/(api|ws|openapi\.json|docs|metrics|ready)(\/|$)/.test(ctx.path)) return next();
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD');
      throw new SignalboxError('METHOD_NOT_ALLOWED', `${ctx.path} has no ${ctx.method}`, 'Use GET.');
    }
    const files = await assets();
    // a path without an ending is a place within the page, whose own router knows it
    const asset = files.get(ctx.path) ?? (extname(ctx.path) === '' ? files.get('/index.html') : undefined);
    if (!asset) throw new SignalboxError('ROUTE_UNKNOWN', `there is no ${ctx.path} here`, 'GET / is the page.');
    ctx.set('Content-Security-Policy', POLICY);
    ctx.set('X-Frame-Options', 'DENY');
    ctx.set('Referrer-Policy', 'no-referrer');
    ctx.set('Cross-Origin-Opener-Policy', 'same-origin');
    ctx.set('Cache-Control', asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    ctx.status = 200;
    ctx.type = asset.type;
    ctx.etag = asset.etag;
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.body = asset.body;
  });
  for (const each of api.middleware) app.use(each);
  app.on('error', () => {});
  return app;
}

function builtPage(): string {
  return dirname(createRequire(import.meta.url).resolve('@signalbox/dashboard/index.html'));
}

async function load(folder: string): Promise<Map<string, Asset>> {
  const files = new Map<string, Asset>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.map')) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(folder, file).split(sep).join('/')}`;
    const body = await readFile(file);
    files.set(path, {
      body,
      type: TYPES[extname(path)] ?? 'application/octet-stream',
      etag: createHash('sha256').update(body).digest('base64url').slice(0, 22),
      immutable: /^\/assets\/.+-[\w-]{8,}\.\w+$/.test(path),
    });
  }
  const index = files.get('/index.html');
  if (!index) throw new RangeError(`no index.html in ${folder}`);
  files.set('/', index);
  return files;
}
