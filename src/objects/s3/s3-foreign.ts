// Tells answers that cannot be of S3 by their headers: web pages with status 200, bodies that somebody compressed on
// the way. Pure. A login portal's page must never become a stored object, an empty listing or a backup's bytes.

/** What is wrong, and what to do about it. */
export const NOT_S3 =
  'the answer is none of an S3 server; check that the endpoint is an S3 server, and that no proxy stands before it';

const PLAIN = ['', 'identity', 'aws-chunked'];

/** Header names in lower case. Gives why the answer is not believed, or undefined. */
export function foreignAnswer(headers: Readonly<Record<string, string>>): string | undefined {
  const type = headers['content-type'] ?? '';
  // An empty body with this type is what some frameworks send when they are told nothing.
  if (/\bhtml\b/i.test(type) && headers['content-length'] !== '0') return NOT_S3;
  const encoding = (headers['content-encoding'] ?? '').toLowerCase();
  const isPlain = encoding.split(',').every((name) => PLAIN.includes(name.trim()));
  if (isPlain) return undefined;
  return `the answer is encoded (${encoding}), and nobody asked for it; let no proxy change what the store sends`;
}

/** Without a length and without chunks, an answer that is cut looks like one that is whole. */
export function hasNoEnd(headers: Readonly<Record<string, string>>): boolean {
  return headers['content-length'] === undefined && !/\bchunked\b/i.test(headers['transfer-encoding'] ?? '');
}
