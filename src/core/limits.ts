// Every bound in one place, with its unit and the reason for the number. Settings override where noted.

/**
 * Unit of hashing, upload, retry and reuse. Measured: with 4 MiB the requests cost a fifth more CPU; 16 MiB saves a
 * tenth, and doubles the memory and what the tail of a log sends anew. A setting.
 */
export const CHUNK_SIZE_BYTES = 8 * 1024 * 1024;

/** The largest chunk a manifest may name: bounds what a reader must hold in memory. */
export const CHUNK_SIZE_BYTES_MAX = 64 * 1024 * 1024;

/** Larger files of Zeebe's layout are sent and read in parts of this size. A setting. */
export const PART_SIZE_BYTES = 8 * 1024 * 1024;

/** The smallest part that S3 takes, but for the last one of an object. */
export const PART_SIZE_BYTES_MIN = 5 * 1024 * 1024;

/** Files below this size share a pack, so that many tiny files are not many tiny requests. */
export const PACKED_FILE_SIZE_BYTES_MAX = 1024 * 1024;

/** Chunks in flight of all saves of a store, and of all its reads: bounds memory to so many. A setting. */
export const CHUNKS_IN_FLIGHT = 6;

/** The largest manifest a reader accepts: 1 TiB in 8 MiB chunks is about 15 MB of JSON. */
export const MANIFEST_SIZE_BYTES_MAX = 128 * 1024 * 1024;

/** How deep the JSON of a stored object may be nested: no layout needs ten levels, and a stack is only so deep. */
export const JSON_DEPTH_MAX = 64;

/** The most points to restore to that one backup names, newest first: about a megabyte of its manifest. */
export const POINTS_PER_BACKUP_MAX = 10_000;

/** Backups whose points are read at a time: each is a manifest of up to a megabyte more. */
export const POINT_BACKUPS_PER_PAGE = 20;

/** The largest of the other bodies that a reader accepts: what says that a backup runs, failed, or whose it is. */
export const BODY_SIZE_BYTES_MAX = 1024 * 1024;

/** The largest answer that the management client reads: a page of 1,000 backups on 100 partitions is about 30 MB. */
export const ANSWER_BODY_BYTES_MAX = 64 * 1024 * 1024;

/** A failure reason is kept to this many characters: it is for people, not a log. */
export const FAILURE_REASON_LENGTH_MAX = 2_000;

/** One attempt from reserve to publish. Pins are held no longer. A setting. */
export const BACKUP_DEADLINE_MS = 60 * 60 * 1000;

/** One restore of one node, from plan to install: a day moves terabytes. A setting. */
export const RESTORE_DEADLINE_MS = 24 * 60 * 60 * 1000;

/** The check of a rehearsed restore: a broker starts and replays its log. A setting. */
export const REHEARSAL_CHECK_TIMEOUT_MS = 60 * 60 * 1000;

/** Installing what was restored, or clearing up after a failure: neither may hang on a stuck disk for ever. */
export const RESTORE_SETTLE_MS = 5 * 60 * 1000;

/** The most partitions of a cluster: their ids have 13 bits in Zeebe's keys. */
export const PARTITIONS_MAX = 8191;

/** Partitions restored at the same time. A setting. */
export const RESTORED_PARTITIONS_IN_FLIGHT = 4;

/** Files written at the same time, over all partitions: each holds a chunk at least. A setting. */
export const RESTORED_FILES_IN_FLIGHT = 6;

/** How often a running attempt shows that it lives. */
export const HEARTBEAT_INTERVAL_MS = 15_000;

/** An attempt without a sign of life for this long reads as failed, and stops itself. Four missed beats. */
export const STALE_AFTER_MS = 60_000;

/**
 * What a sweep leaves alone because it is young: twice the longest backup, so that what an attempt sent shortly before
 * it was called off stays for as long again. An option.
 */
export const SWEEP_GRACE_MS = 2 * BACKUP_DEADLINE_MS;

/** A sweep's announcement counts for so long by the storage's clock: then who made it has died. */
export const SWEEP_COUNTS_MS = 60 * 60 * 1000;

/** A sweep deletes for so long at most behind its announcement: half of what others grant it, by its own clock. */
export const SWEEP_DELETES_MS = SWEEP_COUNTS_MS / 2;

/** A backup that failed stays at least so long, for whoever wants to know why. */
export const FAILED_BACKUPS_KEPT_MS = 7 * 24 * 60 * 60 * 1000;

/** Backups that are deleted at the same time. */
export const PRUNED_BACKUPS_IN_FLIGHT = 8;

/** Manifests that a sweep reads at the same time. Larger ones than a megabyte it reads one by one. */
export const SWEPT_MANIFESTS_IN_FLIGHT = 16;

/** One call to a partition's leader from the coordinator or aggregator. Zeebe's gateway waits as long. A setting. */
export const PARTITION_REQUEST_TIMEOUT_MS = 15_000;

/** Partitions asked at the same time. */
export const PARTITION_REQUESTS_IN_FLIGHT = 32;

/** One object request with all its retries; Zeebe's `apiCallTimeout`. A setting. */
export const API_CALL_TIMEOUT_MS = 180_000;

/** Keys in one listing page and in one batch delete: what S3 allows. */
export const OBJECTS_PER_REQUEST_MAX = 1_000;

/** Backups in one page of a listing when the caller names no number. */
export const BACKUPS_PER_PAGE = 100;

/** The most backups that one page of the management API holds: bounds the size of an answer. */
export const BACKUPS_PER_PAGE_MAX = 1_000;

/** The largest body the management API reads. */
export const REQUEST_BODY_BYTES_MAX = 64 * 1024;

/** One call of the management client: longer than a gateway waits for a partition, so that its answer arrives. */
export const MANAGEMENT_CALL_TIMEOUT_MS = 30_000;

/** A management request from its first byte to its last. Slower senders are cut off. */
export const MANAGEMENT_REQUEST_TIMEOUT_MS = 30_000;

/** A management connection on which nothing moves: longer than any answer takes to come. */
export const MANAGEMENT_IDLE_TIMEOUT_MS = 5 * 60_000;

/** How often a generated id is made anew because it was used up: others may trigger at the same moment. */
export const GENERATED_ID_TRIES = 5;

/** The longest a scheduler sleeps: the time of day may jump, and nobody tells it. */
export const SCHEDULER_SLEEP_MS = 60_000;

/** How often a scheduler looks whether the backup that it waits for has ended. */
export const SCHEDULER_POLL_MS = 15_000;

/**
 * After a failure a scheduler tries again so much later, twice as much each time up to the greatest, and less by
 * chance.
 */
export const SCHEDULER_RETRY_MS = 2_000;
export const SCHEDULER_RETRY_MS_MAX = 5 * 60_000;

/** By how much the clocks of two nodes may differ before a backup counts as one from the future. */
export const CLOCK_SKEW_MS = 60_000;

/** The newest backups that a scheduler looks at: more than can be unfinished at a time. */
export const SCHEDULER_BACKUPS_SEEN = 32;

/** One cleanup of a schedule, with its sweep, which deletes for half an hour at most. */
export const CLEANUP_DEADLINE_MS = 6 * 60 * 60 * 1000;
