// Names that stores have trouble with: for the doctor, and for the table of servers.

/** Their order tells how a server sorts, and where it starts behind a key. */
export const MIXED_KEYS = [
  'a/x',
  'a/y/z',
  'a0',
  'aa',
  'b-b',
  'b.b',
  'b0',
  'A',
  '_',
  'a b',
  'ü',
  '\u{e000}',
  '\u{1f30a}',
];

/** What is odd about a name, and the name. Our stores make none; a broker's files may have them in Zeebe's layout. */
export const ODD_KEYS = [
  ['space', 'c d'],
  ['plus', 'c+d'],
  ['percent', '%41'],
  ['quotes and brackets', 'c&<d>"\''],
  ['spaces at the ends', ' e '],
  ['ü', 'ü'],
  ['private use', '\u{e000}'],
  ['emoji', '\u{1f30a}'],
  ['255 bytes', 'x'.repeat(255)],
  ['star and question mark', 'a*b?c'],
  ['backslash', 'a\\b'],
  ['brackets', 'a[b]{c}#d'],
] as const;
