// SPDX-License-Identifier: Apache-2.0
// The archive the kernel unpacks as its first root folder.
// Format "newc": Documentation/driver-api/early-userspace/buffer-format.rst in the kernel source.

export interface Entry {
  path: string;
  /** Type and permission bits, as in stat. */
  mode: number;
  content?: Buffer;
  /** Major and minor number of a device node. */
  device?: [number, number];
}

export const folder = (path: string): Entry => ({ path, mode: 0o040755 });
export const program = (path: string, content: Buffer): Entry => ({ path, mode: 0o100755, content });
export const file = (path: string, content: Buffer): Entry => ({ path, mode: 0o100644, content });
export const link = (path: string, target: string): Entry => ({
  path,
  mode: 0o120777,
  content: Buffer.from(target),
});
export const characterDevice = (path: string, major: number, minor: number): Entry => ({
  path,
  mode: 0o020600,
  device: [major, minor],
});

/** The entries as one uncompressed archive, in the order given, all owned by root. */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, i) => member(entry, i + 1));
  parts.push(member({ path: 'TRAILER!!!', mode: 0 }, 0));
  return Buffer.concat(parts);
}

function member(entry: Entry, inode: number): Buffer {
  const content = entry.content ?? Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const [major, minor] = entry.device ?? [0, 0];
  const fields = [inode, entry.mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((n) => n.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([pad(Buffer.concat([Buffer.from(header), name])), pad(content)]);
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
