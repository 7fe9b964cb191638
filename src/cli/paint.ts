// Colours, or none: only where a person looks and has not asked for plain text.
import { styleText } from 'node:util';
import type { Environment } from '../config/placeholder.ts';
import type { TextOutput } from './cli-io.ts';

/** How to colour a piece of text by what it means. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  head(text: string): string;
}

/** Colours for this output. A `NO_COLOR` that is not empty turns them off, see no-color.org. */
export function paintFor(output: TextOutput, env: Environment): Paint {
  const coloured = output.isTTY && !env.NO_COLOR && env.TERM !== 'dumb';
  const style = (format: 'green' | 'red' | 'bold') => (text: string) =>
    coloured ? styleText(format, text, { validateStream: false }) : text;
  return { good: style('green'), bad: style('red'), head: style('bold') };
}
