/** A stored file. Its name is `{CODE}/model_v{N}.{ext}` or `{CODE}/model_v{N}.manifest.json`; others are listed too. */
export interface StoredObject {
  readonly name: string;
  readonly bytes: number;
  /** Wall time, epoch milliseconds. */
  readonly modified: number;
}

/**
 * Where model files lie: a folder, or a bucket of an S3 server. A file is whole or absent, and never changes once it is there.
 * Every method throws ARTIFACT_STORE_DOWN when the store does not answer, and none waits for ever.
 */
export interface ArtifactStore {
  readonly kind: 'folder' | 's3';
  /** For people: the folder's path, or server and bucket. */
  readonly place: string;
  /** Everything that is stored, ordered by name; empty when the folder or bucket does not exist yet. */
  list(): Promise<readonly StoredObject[]>;
  /**
   * The bytes of a file, or with `first` that many from its beginning.
   * @throws MODEL_UNKNOWN when it is not there, MODEL_MALFORMED when it is larger than {@link MAX_ARTIFACT_BYTES}
   */
  get(name: string, first?: number): Promise<Uint8Array>;
  /**
   * Stores a new file. The same bytes again are no error.
   * @throws MODEL_EXISTS when other bytes are stored under this name
   */
  put(name: string, bytes: Uint8Array): Promise<void>;
}

/** Larger files are no models of ours, and are not read. */
export const MAX_ARTIFACT_BYTES = 64 * 1024 * 1024;
/** Files that a listing shows at most. */
export const MAX_OBJECTS = 10_000;

/** The bucket of the reference. */
export const MODELS_BUCKET = '99-common-trading-models';

export interface S3Options {
  readonly endPoint: string;
  readonly port: number;
  readonly useSSL: boolean;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly bucket: string;
  readonly region: string;
  /** Milliseconds that one try of one request may take, the transfer included; 15,000 by default. */
  readonly tryMs?: number;
  /** Tries in all; 3 by default. */
  readonly tries?: number;
}
