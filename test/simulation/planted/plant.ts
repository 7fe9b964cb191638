// Plants one bug in the modules that are loaded after it. Call it before anything of the source is imported.
import { registerHooks } from 'node:module';
import { PLANTED_BUGS } from './bugs.ts';

const ROOT = new URL('../../../', import.meta.url).href;

/** Plants the bug of this name. Gives what must be called when all is loaded: it throws if a part was not planted. */
export function plant(name: string): () => void {
  const bug = PLANTED_BUGS.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`there is no planted bug '${name}'`);
  const left = new Set(bug.edits);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const edits = bug.edits.filter(({ file }) => url === ROOT + file);
      if (edits.length === 0) return loaded;
      let source = String(loaded.source instanceof Uint8Array ? Buffer.from(loaded.source) : loaded.source);
      for (const edit of edits) {
        const times = source.split(edit.find).length - 1;
        if (times !== 1)
          throw new Error(`'${edit.find}' stands ${times} times in ${edit.file}: mend the bug '${name}'`);
        source = source.replace(edit.find, () => edit.replace);
        left.delete(edit);
      }
      return { ...loaded, source };
    },
  });
  return () => {
    for (const { file } of left) throw new Error(`${file} was not loaded: the bug '${name}' is not planted`);
  };
}
