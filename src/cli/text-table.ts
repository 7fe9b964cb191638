// Plain tables for terminals. What comes from a store or a gateway is made harmless first.

/** Text without control characters, which could move the cursor or change colours. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced here
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}

/**
 * Rows in aligned columns under their heads. Columns without any content are left out; the last one is not
 * padded.
 */
export function textTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (head: string) => string = (head) => head,
): string {
  const shown = heads.flatMap((head, column) =>
    rows.length === 0 || rows.some((row) => row[column] !== '') ? [{ head, column }] : [],
  );
  const cells = rows.map((row) => shown.map(({ column }) => printable(row[column] ?? '')));
  const widths = shown.map(({ head }, at) =>
    cells.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), head.length),
  );
  const line = (row: readonly string[], painted: (cell: string) => string) =>
    row
      .map(
        (cell, at) =>
          painted(cell) + (at < row.length - 1 ? ' '.repeat((widths[at] ?? 0) - cell.length) : ''),
      )
      .join('  ');
  const head = line(
    shown.map((column) => column.head),
    paint,
  );
  return [head, ...cells.map((row) => line(row, (cell) => cell))].map((text) => text.trimEnd()).join('\n');
}

/** A number of bytes as people read it: `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
