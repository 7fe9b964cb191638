// The lines of an encrypted manifest: what they say is sealed, line by line, but for the names of the chunks, which a
// sweep reads without a key. Knows nothing else of what the lines say.
import { z } from 'zod';
import type { DataKey, ManifestSeal } from './data-key.ts';

/** Seals the lines behind a first one. Use it in their order. */
export class LineSealer {
  readonly #seal: ManifestSeal;

  constructor(key: DataKey, firstLine: string) {
    this.#seal = key.manifestSeal(firstLine);
  }

  /** `name`: that of the chunk that the line is of. */
  seal(line: string, name?: string): string {
    const sealed = Buffer.from(this.#seal.seal(Buffer.from(line))).toString('base64');
    return sealedLine(sealed, name);
  }
}

function sealedLine(sealed: string, name: string | undefined): string {
  return JSON.stringify(name === undefined ? { sealed } : { name, sealed });
}

const shape = z.object({ sealed: z.string(), name: z.string().optional() });

export interface OpenedLine {
  readonly line: Uint8Array;
  /** What stands beside what was sealed: the name of a chunk, or undefined. Absent where nothing was sealed. */
  readonly beside?: { readonly name: string | undefined };
}

/** In one way of writing alone: base64 has others for the same bytes. */
function parsed(line: Uint8Array): z.infer<typeof shape> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
    const data = shape.parse(JSON.parse(text));
    const again = Buffer.from(data.sealed, 'base64').toString('base64');
    return text === sealedLine(again, data.name) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Opens such lines. Use it in their order. */
export class LineOpener {
  readonly #seal: ManifestSeal;

  constructor(key: DataKey, firstLine: Uint8Array) {
    this.#seal = key.manifestSeal(firstLine);
  }

  /** Undefined when it is damaged, or a line of another place or manifest. */
  open(line: Uint8Array): OpenedLine | undefined {
    const data = parsed(line);
    const plain = data && this.#seal.unseal(Buffer.from(data.sealed, 'base64'));
    return plain && { line: plain, beside: { name: data.name } };
  }
}
