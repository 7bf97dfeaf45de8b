import { join } from 'node:path';
import { SignalboxError } from '@signalbox/core';
import { MODELS_BUCKET, type S3Options } from '../stores/artifacts/port.js';

/** Where model files lie. */
export type ArtifactConfig =
  { readonly kind: 'folder'; readonly folder: string } | ({ readonly kind: 's3' } & S3Options);

/**
 * With `MINIO_ENDPOINT` (`host:port` or a URL) the bucket of that server, else `.signalbox/models` in the project.
 * @throws CONFIG_INVALID
 */
export function artifactConfig(projectDir: string, set: (name: string) => string | undefined): ArtifactConfig {
  const endpoint = set('MINIO_ENDPOINT');
  if (endpoint === undefined) return { kind: 'folder', folder: join(projectDir, '.signalbox', 'models') };
  const accessKey = set('MINIO_ACCESS_KEY') ?? set('MINIO_ROOT_USER');
  const secretKey = set('MINIO_SECRET_KEY') ?? set('MINIO_ROOT_PASSWORD');
  if (accessKey === undefined || secretKey === undefined) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      `MINIO_ENDPOINT is set, and ${accessKey === undefined ? 'MINIO_ACCESS_KEY' : 'MINIO_SECRET_KEY'} is not`,
      'Set both keys, or unset MINIO_ENDPOINT to keep models in a folder.',
    );
  }
  const secure = /^https:\/\//.test(endpoint) || /^(1|true|yes)$/i.test(set('MINIO_SECURE') ?? '');
  let url: URL;
  try {
    url = new URL(/^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`);
    if (url.hostname === '' || (url.pathname !== '/' && url.pathname !== '')) throw new TypeError('not a host');
  } catch (cause) {
    throw new SignalboxError(
      'CONFIG_INVALID',
      'MINIO_ENDPOINT is no address of a server',
      'Write it as host:9000 or https://host.',
      { cause },
    );
  }
  return {
    kind: 's3',
    endPoint: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    useSSL: secure,
    accessKey,
    secretKey,
    bucket: set('MINIO_BUCKET') ?? MODELS_BUCKET,
    region: set('MINIO_REGION') ?? 'us-east-1',
  };
}
