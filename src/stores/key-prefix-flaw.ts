// What makes a base path of keys none: refused rather than mended, so that other tools find the same keys. Pure.

/** What is wrong with a prefix of keys, in words. */
export function keyPrefixFlaw(prefix: string): string | undefined {
  if (prefix.startsWith('/')) return "it begins with '/'";
  if (prefix.endsWith('/')) return "it ends with '/'";
  const odd = prefix.split('/').find((part) => part === '' || part === '.' || part === '..');
  if (odd === undefined) return undefined;
  if (odd !== '') return `'${odd}' may be no part of it`;
  return prefix === '' ? 'it is empty' : 'a part between two slashes is empty';
}
