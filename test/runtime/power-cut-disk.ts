// A disk in memory that can lose its power after any operation. What was not synced is then gone, or, of
// names, all there, or a part of them.
import type { Disk, DiskFile, DiskReader } from '../../src/runtime/disk.ts';

export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

interface File {
  bytes: Buffer;
  durable: Buffer;
}

interface Directory {
  entries: Map<string, Node>;
  durable: Map<string, Node>;
}

type Node = File | Directory;

const isDirectory = (node: Node | undefined): node is Directory => node !== undefined && 'entries' in node;
const emptyDirectory = (): Directory => ({ entries: new Map(), durable: new Map() });

export class PowerCutDisk implements Disk {
  operations = 0;
  /** The operation at which the power goes; that one and all after it do not happen. */
  cutAt = Number.POSITIVE_INFINITY;
  /** Operations that fail once, by their number, and leave the power on. */
  readonly failing = new Set<number>();
  readonly #root: Directory;
  #unique = 0;

  constructor(root: Directory = emptyDirectory()) {
    this.#root = root;
  }

  /**
   * The disk as the next start finds it: of names that were not synced none, all, or those of directories
   * alone.
   */
  afterPowerCut(names: 'lost' | 'kept' | 'lost for files'): PowerCutDisk {
    const survive = (node: Node): Node => {
      if (!isDirectory(node)) return { bytes: Buffer.from(node.durable), durable: Buffer.from(node.durable) };
      const from = names === 'lost' ? node.durable : node.entries;
      const survivors = [...from].filter(
        ([name, child]) => names !== 'lost for files' || isDirectory(child) || node.durable.has(name),
      );
      const entries = new Map(survivors.map(([name, child]) => [name, survive(child)]));
      return { entries, durable: new Map(entries) };
    };
    const disk = new PowerCutDisk(survive(this.#root) as Directory);
    disk.#unique = this.#unique;
    return disk;
  }

  /** Path -> text of every file; an empty directory has no text. */
  content(): Record<string, string | null> {
    const found: Record<string, string | null> = {};
    const visit = (node: Node, path: string) => {
      if (!isDirectory(node)) found[path] = node.bytes.toString();
      else if (node.entries.size === 0 && path !== '') found[path] = null;
      else for (const [name, child] of node.entries) visit(child, `${path}/${name}`);
    };
    visit(this.#root, '');
    return found;
  }

  /** Path -> bytes of every file. */
  files(): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const visit = (node: Node, path: string) => {
      if (!isDirectory(node)) found.set(path, node.bytes);
      else for (const [name, child] of node.entries) visit(child, `${path}/${name}`);
    };
    visit(this.#root, '');
    return found;
  }

  async freeBytes() {
    return undefined;
  }

  async kind(path: string) {
    this.#step();
    const node = this.#find(path);
    if (node === undefined) return undefined;
    return isDirectory(node) ? ('directory' as const) : ('file' as const);
  }

  async list(path: string) {
    this.#step();
    const node = this.#find(path);
    if (!isDirectory(node)) return undefined;
    return [...node.entries].map(([name, child]) => ({ name, isDirectory: isDirectory(child) }));
  }

  async readText(path: string, limit: number) {
    this.#step();
    const node = this.#find(path);
    return node === undefined || isDirectory(node) ? undefined : node.bytes.subarray(0, limit).toString();
  }

  async makeDirectory(path: string) {
    this.#step();
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) return false;
    parent.entries.set(name, emptyDirectory());
    return true;
  }

  async makeUniqueDirectory(prefix: string) {
    this.#unique += 1;
    const path = prefix + String(this.#unique).padStart(6, '0');
    await this.makeDirectory(path);
    return path;
  }

  async createFile(path: string): Promise<DiskFile> {
    this.#step();
    const { parent, name } = this.#parent(path);
    if (parent.entries.has(name)) throw new Error(`EEXIST ${path}`);
    const file: File = { bytes: Buffer.alloc(0), durable: Buffer.alloc(0) };
    parent.entries.set(name, file);
    return this.#writer(file);
  }

  #writer(file: File): DiskFile {
    return {
      write: async (bytes) => {
        this.#step();
        file.bytes = Buffer.concat([file.bytes, bytes]);
      },
      sync: async () => {
        this.#step();
        file.durable = Buffer.from(file.bytes);
      },
      close: async () => this.#step(),
    };
  }

  async continueFile(path: string, sizeBytes: number): Promise<DiskFile> {
    this.#step();
    const file = this.#find(path);
    if (file === undefined || isDirectory(file)) throw new Error(`ENOENT ${path}`);
    file.bytes = file.bytes.subarray(0, sizeBytes);
    return this.#writer(file);
  }

  async openFile(path: string): Promise<DiskReader | undefined> {
    this.#step();
    const file = this.#find(path);
    if (file === undefined || isDirectory(file)) return undefined;
    return {
      sizeBytes: file.bytes.byteLength,
      read: async (position, length) => {
        this.#step();
        return file.bytes.subarray(position, position + length);
      },
      close: async () => {},
    };
  }

  async fileSize(path: string) {
    this.#step();
    const file = this.#find(path);
    return file === undefined || isDirectory(file) ? 0 : file.bytes.byteLength;
  }

  async moveFile(from: string, to: string) {
    this.#step();
    const source = this.#parent(from);
    const target = this.#parent(to);
    const file = source.parent.entries.get(source.name);
    if (file === undefined || isDirectory(file)) throw new Error(`ENOENT ${from}`);
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, file);
  }

  async syncDirectory(path: string) {
    this.#step();
    const node = this.#find(path);
    if (!isDirectory(node)) throw new Error(`ENOENT ${path}`);
    node.durable = new Map(node.entries);
  }

  async moveDirectory(from: string, to: string) {
    this.#step();
    const source = this.#parent(from);
    const target = this.#parent(to);
    const node = source.parent.entries.get(source.name);
    if (!isDirectory(node)) throw new Error(`ENOENT ${from}`);
    if (target.parent.entries.has(target.name)) throw new Error(`EEXIST ${to}`);
    source.parent.entries.delete(source.name);
    target.parent.entries.set(target.name, node);
  }

  async removeFile(path: string) {
    this.#step();
    const { parent, name } = this.#parent(path);
    if (isDirectory(parent.entries.get(name))) throw new Error(`EISDIR ${path}`);
    parent.entries.delete(name);
  }

  async removeDirectory(path: string) {
    this.#step();
    const { parent, name } = this.#parent(path);
    const node = parent.entries.get(name);
    if (node !== undefined && !isDirectory(node)) throw new Error(`ENOTDIR ${path}`);
    if (node !== undefined && node.entries.size > 0) return false;
    parent.entries.delete(name);
    return true;
  }

  #step(): void {
    this.operations += 1;
    if (this.operations >= this.cutAt) throw new PowerCut(`at operation ${this.operations}`);
    if (this.failing.has(this.operations)) throw new Error(`EIO at operation ${this.operations}`);
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const part of path.split('/').filter((one) => one !== '')) {
      node = isDirectory(node) ? node.entries.get(part) : undefined;
    }
    return node;
  }

  #parent(path: string): { readonly parent: Directory; readonly name: string } {
    const slash = path.lastIndexOf('/');
    const parent = this.#find(path.slice(0, slash));
    if (!isDirectory(parent)) throw new Error(`ENOENT ${path}`);
    return { parent, name: path.slice(slash + 1) };
  }
}
