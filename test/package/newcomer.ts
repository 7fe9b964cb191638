// The pages that a newcomer follows, cut into what there is to type: commands, and files to write.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The first block of a kind on a page that holds these words. */
export async function blockOf(page: string, kind: 'sh' | 'ts', words: string): Promise<string> {
  const text = await readFile(`${root}${page}`, 'utf8');
  const blocks = [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))];
  const found = blocks.map(([, block = '']) => block).find((block) => block.includes(words));
  if (found === undefined) throw new Error(`${page} has no block with ${words}`);
  return found;
}
