// A file system in memory that stands in for node:fs/promises and can lose its power after any operation. What was not
// synced is then gone, there, in part there, or zeros; names that were not synced are gone, there, or only those of
// directories. It knows only what the code under test uses, and throws on anything else.
import { AsyncLocalStorage } from 'node:async_hooks';
import { constants } from 'node:fs';
import { basename, dirname } from 'node:path';

interface File {
  bytes: Buffer;
  durable: Buffer;
  links: number;
  mtimeMs: number;
}

interface Directory {
  entries: Map<string, Node>;
  durable: Map<string, Node>;
}

type Node = File | Directory;

export const NAMES = ['lost', 'kept', 'lost for files'] as const;
export const DATA = ['lost', 'kept', 'torn', 'zeros'] as const;
/** What becomes of names and of bytes that were not synced. */
export interface Loss {
  readonly names: (typeof NAMES)[number];
  readonly data: (typeof DATA)[number];
}
export const LOSSES: readonly Loss[] = NAMES.flatMap((names) => DATA.map((data) => ({ names, data })));

const isDirectory = (node: Node | undefined): node is Directory => node !== undefined && 'entries' in node;
const emptyDirectory = (): Directory => ({ entries: new Map(), durable: new Map() });

const NEVER = new Promise<never>(() => {});

/** One machine's disk. */
export class PowerCutFs {
  /** How many operations were asked for. */
  operations = 0;
  /** The operation that does not happen any more, as all after it: none of them ever answers. */
  cutAt = Number.POSITIVE_INFINITY;
  /** The operation that fails with EIO, and leaves the power on. */
  failAt = Number.POSITIVE_INFINITY;
  /** What a disk that lies only says to have synced. */
  lies: 'about files' | 'about names' | undefined;
  readonly #root: Directory;
  readonly #cut = Promise.withResolvers<'cut'>();
  #unique = 0;

  constructor(root: Directory = emptyDirectory()) {
    this.#root = root;
  }

  /** Settles when the power goes. */
  get cut(): Promise<'cut'> {
    return this.#cut.promise;
  }

  /** Runs with this disk in place of the machine's, until the end or until the power goes. */
  async run<T>(work: () => PromiseLike<T>): Promise<T | 'cut'> {
    return Promise.race([running.run(this, work), this.cut]);
  }

  /** The disk as the next start finds it. */
  afterPowerCut({ names, data }: Loss): PowerCutFs {
    const survivors = new Map<Node, Node>();
    const survive = (node: Node): Node => {
      const known = survivors.get(node);
      if (known !== undefined) return known;
      if (!isDirectory(node)) {
        const bytes = surviving(node, data);
        const file = { bytes, durable: bytes, links: 0, mtimeMs: node.mtimeMs };
        survivors.set(node, file);
        return file;
      }
      const entries = new Map(
        [...survivingNames(node, names)].map(([name, child]) => [name, survive(child)]),
      );
      for (const child of entries.values()) if (!isDirectory(child)) child.links += 1;
      return { entries, durable: new Map(entries) };
    };
    const disk = new PowerCutFs(survive(this.#root) as Directory);
    disk.#unique = this.#unique;
    return disk;
  }

  /** Path -> content of every file, as latin1; an empty directory has none. */
  content(): Record<string, string | null> {
    const found: Record<string, string | null> = {};
    const visit = (node: Node, path: string) => {
      if (!isDirectory(node)) found[path] = node.bytes.toString('latin1');
      else if (node.entries.size === 0 && path !== '') found[path] = null;
      else for (const [name, child] of node.entries) visit(child, `${path}/${name}`);
    };
    visit(this.#root, '');
    return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Makes a durable directory, and those above it. */
  makeDurable(path: string): void {
    let at = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) {
      const next = at.entries.get(part) ?? emptyDirectory();
      at.entries.set(part, next);
      at.durable.set(part, next);
      at = next as Directory;
    }
  }

  // --- what node:fs/promises offers -------------------------------------------------------------------------

  async open(path: string, flags: string | number): Promise<Handle> {
    await this.step();
    const { parent, name } = this.#parent(path);
    const node = parent.entries.get(name);
    if (flags === 'wx') {
      if (node !== undefined) throw failure('EEXIST', path);
      const file: File = {
        bytes: Buffer.alloc(0),
        durable: Buffer.alloc(0),
        links: 1,
        mtimeMs: Date.UTC(2026, 0),
      };
      parent.entries.set(name, file);
      return new Handle(this, file, path);
    }
    if (node === undefined) throw failure('ENOENT', path);
    const mustBeDirectory = typeof flags === 'number' && (flags & constants.O_DIRECTORY) !== 0;
    if (mustBeDirectory && !isDirectory(node)) throw failure('ENOTDIR', path);
    if (flags === 'r+' && isDirectory(node)) throw failure('EISDIR', path);
    return new Handle(this, node, path);
  }

  async stat(path: string) {
    await this.step();
    return stats(this.#node(path));
  }

  lstat(path: string) {
    return this.stat(path);
  }

  async readdir(path: string, options?: { readonly withFileTypes: boolean }) {
    await this.step();
    const node = this.#node(path);
    if (!isDirectory(node)) throw failure('ENOTDIR', path);
    const entries = [...node.entries].sort(([a], [b]) => (a < b ? -1 : 1));
    if (options?.withFileTypes !== true) return entries.map(([name]) => name);
    return entries.map(([name, child]) => ({ name, ...stats(child) }));
  }

  async mkdir(path: string): Promise<void> {
    await this.step();
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) throw failure('EEXIST', path);
    parent.entries.set(name, emptyDirectory());
  }

  async mkdtemp(prefix: string): Promise<string> {
    this.#unique += 1;
    const path = `${prefix}${String(this.#unique).padStart(6, '0')}`;
    await this.mkdir(path);
    return path;
  }

  async rename(from: string, to: string): Promise<void> {
    await this.step();
    const source = this.#parent(from);
    const target = this.#parent(to);
    const node = source.parent.entries.get(source.name);
    if (node === undefined) throw failure('ENOENT', from);
    const inTheWay = target.parent.entries.get(target.name);
    if (isDirectory(inTheWay) && inTheWay.entries.size > 0) throw failure('ENOTEMPTY', to);
    if (inTheWay === node) return;
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
  }

  async link(existing: string, path: string): Promise<void> {
    await this.step();
    const node = this.#node(existing);
    if (isDirectory(node)) throw failure('EPERM', existing);
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) throw failure('EEXIST', path);
    node.links += 1;
    parent.entries.set(name, node);
  }

  async unlink(path: string): Promise<void> {
    await this.step();
    const { parent, name } = this.#parent(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw failure('ENOENT', path);
    if (isDirectory(node)) throw failure('EISDIR', path);
    node.links -= 1;
    parent.entries.delete(name);
  }

  async rm(path: string, { force }: { readonly force: boolean }): Promise<void> {
    await this.unlink(path).catch((cause: NodeJS.ErrnoException) => {
      if (!force || cause.code !== 'ENOENT') throw cause;
    });
  }

  async rmdir(path: string): Promise<void> {
    await this.step();
    const { parent, name } = this.#parent(path);
    const node = parent.entries.get(name);
    if (node === undefined) throw failure('ENOENT', path);
    if (!isDirectory(node)) throw failure('ENOTDIR', path);
    if (node.entries.size > 0) throw failure('ENOTEMPTY', path);
    parent.entries.delete(name);
  }

  async step(): Promise<void> {
    this.operations += 1;
    if (this.operations >= this.cutAt) {
      this.#cut.resolve('cut');
      await NEVER;
    }
    if (this.operations === this.failAt) throw failure('EIO', `operation ${this.operations}`);
  }

  #node(path: string): Node {
    let node: Node | undefined = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) {
      if (!isDirectory(node)) throw failure('ENOTDIR', path);
      node = node.entries.get(part);
      if (node === undefined) throw failure('ENOENT', path);
    }
    return node;
  }

  #parent(path: string): { readonly parent: Directory; readonly name: string } {
    const parent = this.#node(dirname(path));
    if (!isDirectory(parent)) throw failure('ENOTDIR', path);
    return { parent, name: basename(path) };
  }
}

class Handle {
  readonly #disk: PowerCutFs;
  readonly #node: Node;
  readonly #path: string;
  #position = 0;

  constructor(disk: PowerCutFs, node: Node, path: string) {
    this.#disk = disk;
    this.#node = node;
    this.#path = path;
  }

  async write(bytes: Uint8Array, offset = 0, length = bytes.byteLength - offset, position = this.#position) {
    await this.#disk.step();
    const file = this.#file();
    const size = Math.max(file.bytes.length, position + length);
    const next = Buffer.alloc(size);
    file.bytes.copy(next);
    next.set(bytes.subarray(offset, offset + length), position);
    file.bytes = next;
    this.#position = position + length;
    return { bytesWritten: length };
  }

  async writeFile(bytes: Uint8Array): Promise<void> {
    await this.write(bytes);
  }

  async read(target: Uint8Array, offset: number, length: number, position: number) {
    await this.#disk.step();
    const part = this.#file().bytes.subarray(position, position + length);
    target.set(part, offset);
    return { bytesRead: part.length, buffer: target };
  }

  async stat() {
    await this.#disk.step();
    return stats(this.#node);
  }

  async truncate(size: number): Promise<void> {
    await this.#disk.step();
    const file = this.#file();
    const next = Buffer.alloc(size);
    file.bytes.copy(next, 0, 0, size);
    file.bytes = next;
  }

  async sync(): Promise<void> {
    await this.#disk.step();
    const lie = isDirectory(this.#node) ? 'about names' : 'about files';
    if (this.#disk.lies === lie) return;
    if (isDirectory(this.#node)) this.#node.durable = new Map(this.#node.entries);
    else this.#node.durable = Buffer.from(this.#node.bytes);
  }

  async close(): Promise<void> {
    await this.#disk.step();
  }

  #file(): File {
    if (isDirectory(this.#node)) throw failure('EISDIR', this.#path);
    return this.#node;
  }
}

function surviving({ bytes, durable }: File, data: Loss['data']): Buffer {
  if (data === 'lost') return Buffer.from(durable);
  if (data === 'kept') return Buffer.from(bytes);
  if (bytes.equals(durable)) return Buffer.from(bytes);
  // A file that was only made longer keeps what was synced of it.
  const synced = bytes.subarray(0, durable.length).equals(durable) ? durable.length : 0;
  const half = synced + Math.floor((bytes.length - synced) / 2);
  if (data === 'torn') return Buffer.from(bytes.subarray(0, half));
  return Buffer.concat([bytes.subarray(0, synced), Buffer.alloc(bytes.length - synced)]);
}

function survivingNames({ entries, durable }: Directory, names: Loss['names']): ReadonlyMap<string, Node> {
  if (names === 'lost') return durable;
  if (names === 'kept') return entries;
  const files = [...durable].filter(([, child]) => !isDirectory(child));
  return new Map([...files, ...[...entries].filter(([, child]) => isDirectory(child))]);
}

function stats(node: Node) {
  const file = isDirectory(node) ? undefined : node;
  return {
    isDirectory: () => file === undefined,
    isFile: () => file !== undefined,
    size: file?.bytes.length ?? 0,
    mtimeMs: file?.mtimeMs ?? 0,
    nlink: file?.links ?? 2,
  };
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The disk of who calls: what still runs of a machine without power must not reach the next one's. */
const running = new AsyncLocalStorage<PowerCutFs>();

function disk(): PowerCutFs {
  const found = running.getStore();
  if (found === undefined) throw new Error('only what PowerCutFs runs has a disk');
  return found;
}

/** Takes the place of node:fs/promises: `vi.mock('node:fs/promises', () => powerCutModule)`. */
export const powerCutModule = {
  open: (path: string, flags: string | number) => disk().open(path, flags),
  stat: (path: string) => disk().stat(path),
  lstat: (path: string) => disk().lstat(path),
  /** A disk that does not tell its size, as some do. */
  statfs: async () => ({ bsize: 0, bavail: 0, blocks: 0 }),
  readdir: (path: string, options?: { readonly withFileTypes: boolean }) => disk().readdir(path, options),
  mkdir: (path: string) => disk().mkdir(path),
  mkdtemp: (prefix: string) => disk().mkdtemp(prefix),
  rename: (from: string, to: string) => disk().rename(from, to),
  link: (existing: string, path: string) => disk().link(existing, path),
  unlink: (path: string) => disk().unlink(path),
  rm: (path: string, options: { readonly force: boolean }) => disk().rm(path, options),
  rmdir: (path: string) => disk().rmdir(path),
};
