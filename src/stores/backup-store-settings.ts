// Which backup store to use and how, as plain values. What a configuration file or an embedder fills in;
// it never holds anything with behaviour. `settings-rules.ts` says what is refused.

/** A key that backups are encrypted with. Printing or serialising one does show its secret: see `hideSecrets`. */
export interface EncryptionKey {
  /** What the store calls it: up to 63 of `a-z 0-9 . _ -`. Not secret. */
  readonly id: string;
  /** 32 random bytes in base64. */
  readonly secret: string;
}

/** A key in a file of its own, as secrets are mounted. */
export interface EncryptionKeyFile {
  readonly id: string;
  /** The file holds 32 random bytes in base64, and perhaps a line end. */
  readonly path: string;
}

/** What every native store takes. Each part that is absent or undefined has a default. */
export interface LayoutSettings {
  /**
   * Whose backups these are. With it the store claims its place on the first save, and refuses a place that
   * belongs to another cluster. Without it nothing is claimed or checked.
   */
  readonly clusterId?: string | undefined;
  /** Size of the pieces that large files are cut in, in bytes: 1 to 64 MiB, default 8 MiB. */
  readonly chunkSizeBytes?: number | undefined;
  /**
   * Chunks in memory at the same time, of all saves of this store together, and of all its reads. Files that are read
   * at once have one each, be they more. Default 6.
   */
  readonly chunksInFlight?: number | undefined;
  /**
   * The most bytes of chunks that this store sends and receives in a second, over all its saves and reads together,
   * in turns of the partitions. Small objects and repeated requests are not counted. Absent: no limit.
   */
  readonly maxBytesPerSecond?: number | undefined;
  /**
   * `auto` compresses the chunks of which samples say that it pays; `none` sends all as they are. Every store reads
   * both. Default `none`.
   */
  readonly compression?: 'auto' | 'none' | undefined;
  /**
   * Read every byte of every file, whatever its version vouches for: for whoever doubts the broker. What has changed
   * under one version is then told in the log. Default false.
   */
  readonly readEverything?: boolean | undefined;
  /**
   * With keys everything that is saved is encrypted: the first key is for what is new, all of them open what is there.
   * Whoever loses all of them has lost the backups. Absent or empty: nothing is encrypted.
   */
  readonly encryptionKeys?: readonly EncryptionKey[] | undefined;
  /**
   * Where such keys are, in place of themselves. `openBackupStore` reads them; a constructor reads no file and refuses
   * them, rather than to save in the clear.
   */
  readonly encryptionKeyFiles?: readonly EncryptionKeyFile[] | undefined;
  /** How often a running save shows that it lives, in milliseconds. Default 15,000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * After how long without a sign of life a save counts as failed, in milliseconds. Default 60,000. Must be
   * the same on every node, and at least twice `heartbeatMs`.
   */
  readonly staleAfterMs?: number | undefined;
}

/** What every store in Zeebe's own layout takes. Each part that is absent or undefined has a default. */
export interface ZeebeLayoutSettings {
  /** How files above 8 MiB are stored; every store reads both. Default `none`. */
  readonly compression?: 'zstd' | 'none' | undefined;
  /** Size of the parts that larger files are sent and read in, in bytes: 5 to 64 MiB, default 8 MiB. */
  readonly chunkSizeBytes?: number | undefined;
  /** Parts in memory at the same time, per save and per file being read. Default 6. */
  readonly chunksInFlight?: number | undefined;
}

/** Where a bucket of Amazon S3 is, or of a server that speaks its protocol. */
export interface S3PlaceSettings {
  readonly bucketName: string;
  /** Prefix of all keys, without a slash at either end. Absent: the keys start at the bucket's root. */
  readonly basePath?: string | undefined;
  /** Absent: what the AWS SDK finds in its environment. */
  readonly region?: string | undefined;
  /** URL of the server. Absent: Amazon's endpoint of the region. */
  readonly endpoint?: string | undefined;
  /** Both keys or neither. Absent: the SDK's own credential chain. */
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  /** Put the bucket's name in the path and not in the host name. Default false. */
  readonly forcePathStyleAccess?: boolean | undefined;
  /** How the server is to encrypt what it is sent: with its own key, or with one of its key service. */
  readonly sse?: 'AES256' | 'aws:kms' | undefined;
  /** Which key of the key service. Absent: the bucket's. */
  readonly sseKmsKeyId?: string | undefined;
  /**
   * The key that the server is to encrypt with, 32 bytes in base64 (SSE-C). It goes with each request, and nothing can
   * be read without it. Not together with `sse`.
   */
  readonly ssecKey?: string | undefined;
  /** Limit of one request with all its retries, in milliseconds. Default 180,000. */
  readonly apiCallTimeoutMs?: number | undefined;
}

/** A bucket with the native layout. */
export interface S3BackupStoreSettings extends S3PlaceSettings, LayoutSettings {}

/** A directory, usually a network file system that all nodes mount. */
export interface FilesystemBackupStoreSettings extends LayoutSettings {
  /** The directory that holds the backups. It must exist. */
  readonly basePath: string;
}

export interface BasePathSettings {
  /** Prefix of all keys, without a slash at either end. */
  readonly basePath?: string | undefined;
}

/** The memory of this process. For tests and examples. */
export interface InMemoryBackupStoreSettings extends BasePathSettings, LayoutSettings {}

/**
 * Any store, told apart by `store` as in Zeebe's `zeebe.broker.data.backup.store`. With `format: 'zeebe'` it is in the
 * layout that Zeebe's own S3 store reads and writes.
 */
export type BackupStoreSettings =
  | ({ readonly store: 'S3'; readonly format?: 'tidemark' | undefined } & S3BackupStoreSettings)
  | ({ readonly store: 'S3'; readonly format: 'zeebe' } & S3PlaceSettings & ZeebeLayoutSettings)
  | ({ readonly store: 'FILESYSTEM' } & FilesystemBackupStoreSettings)
  | ({ readonly store: 'MEMORY'; readonly format?: 'tidemark' | undefined } & InMemoryBackupStoreSettings)
  | ({ readonly store: 'MEMORY'; readonly format: 'zeebe' } & BasePathSettings & ZeebeLayoutSettings)
  | { readonly store: 'NONE' };
