// A value that somebody gave for a key, and where; and the rule by which two spellings are the same key.

/** Text for a key, with the place it came from in words: `environment ZEEBE_…`, `application.yaml line 7`. */
export interface GivenValue {
  /** As it was written: a dotted path, or the name of an environment variable. */
  readonly spelling: string;
  /** What it is equal by, see {@link looseKey}. */
  readonly loose: string;
  readonly text: string;
  readonly origin: string;
  /** Why the text cannot be told, when a placeholder in it leads nowhere. */
  readonly unreadable?: string;
}

/** What a source gave, and what was wrong with it. */
export interface GivenValues {
  readonly values: readonly GivenValue[];
  readonly problems: readonly string[];
}

/**
 * Spring's relaxed binding: `bucketName`, `bucket-name`, `BUCKET_NAME` are one. The dots and the brackets of an
 * index go too, because a variable cannot have them.
 */
export function looseKey(spelling: string): string {
  return spelling.toLowerCase().replace(/[-_.[\]]/g, '');
}
