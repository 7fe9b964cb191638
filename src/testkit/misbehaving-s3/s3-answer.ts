// Answers as plain values, and the XML that S3 answers in.

/** What is sent back. `content-length` and `date` are added unless they are given. */
export interface S3Answer {
  readonly status: number;
  /** A header that is undefined is left out, `content-length` and `date` too. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export const NO_BODY: Uint8Array = new Uint8Array();

/** What S3 says of an error besides its code. */
export interface S3ErrorWords {
  readonly message?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** More XML in the `<Error>`: `<Region>eu-west-1</Region>`. */
  readonly more?: string | undefined;
}

export function answer(status: number, headers: S3Answer['headers'] = {}, body = NO_BODY): S3Answer {
  return { status, headers, body };
}

export function xmlAnswer(status: number, xml: string, headers: S3Answer['headers'] = {}): S3Answer {
  const body = new TextEncoder().encode(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`);
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

export function errorAnswer(status: number, code: string, words: S3ErrorWords = {}): S3Answer {
  const message = escapeXml(words.message ?? 'The server says no.');
  const inner = `<Code>${escapeXml(code)}</Code><Message>${message}</Message>${words.more ?? ''}`;
  return xmlAnswer(status, `<Error>${inner}<RequestId>0</RequestId></Error>`, words.headers);
}

export function escapeXml(text: string): string {
  return text.replace(/[<>&"'\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export function unescapeXml(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal !== undefined ? String.fromCodePoint(Number(decimal)) : (named[name] ?? whole);
  });
}

/** The texts of all elements of this name, in their order. Enough for what clients send. */
export function elementsOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    unescapeXml(text),
  );
}
