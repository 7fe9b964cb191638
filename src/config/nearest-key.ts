// Guesses which known key a misspelt one was meant to be.

/** The known key with the fewest typing errors between, or undefined when none is near. */
export function nearestKey(spelling: string, known: readonly string[]): string | undefined {
  const name = spelling.slice(0, 200).toLowerCase();
  let best: string | undefined;
  let fewest = Math.max(2, Math.ceil(lastPart(name).length * 0.4)) + 1;
  for (const key of known) {
    const errors = editDistance(name, key.toLowerCase());
    if (errors < fewest) [best, fewest] = [key, errors];
  }
  return best;
}

function lastPart(key: string): string {
  return key.slice(Math.max(key.lastIndexOf('.'), key.lastIndexOf('_')) + 1);
}

/** Levenshtein's: how many letters must be added, dropped or changed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
