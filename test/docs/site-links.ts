// Finds links that lead nowhere: in a built site, and by anchor in the documents as a forge shows them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ELSEWHERE = /^(https?:|data:|mailto:)/;

/** Every link, picture and style of every page of a site that is not there, or whose anchor is not. */
export function brokenInSite(root: string): string[] {
  const pages = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .map((path) => join(root, path));
  const texts = new Map(pages.map((page) => [page, readFileSync(page, 'utf8')]));
  const anchors = new Map([...texts].map(([page, text]) => [page, new Set(idsOf(text))]));
  const broken = new Set<string>();
  for (const [page, text] of texts) {
    for (const [, raw = ''] of text.matchAll(/\s(?:href|src|srcset)="([^"]*)"/g)) {
      const target = raw.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
      if (ELSEWHERE.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), decodeURIComponent(path.replace(/\?.*$/, '')));
      const isThere = existsSync(file) && (!anchor || anchors.get(file)?.has(anchor) !== false);
      if (!isThere) broken.add(`${relative(root, page)} -> ${target}`);
    }
  }
  return [...broken].sort();
}

function idsOf(html: string): string[] {
  return [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = '']) => id);
}

/** The anchors that a forge makes of the headings of a document. */
export function headingAnchors(markdown: string): Set<string> {
  const anchors = new Set<string>();
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-');
    let free = slug;
    for (let next = 1; anchors.has(free); next += 1) free = `${slug}-${next}`;
    anchors.add(free);
  }
  return anchors;
}
