// SPDX-License-Identifier: Apache-2.0
// Device trees as compiled blobs (Devicetree Specification, chapter 5), without references between nodes.

export interface Node {
  /** A number is a cell, true an empty property. */
  properties?: Record<string, string | string[] | number | number[] | true>;
  nodes?: Record<string, Node>;
}

/** An overlay that adds these nodes to the root of the tree. */
export const overlay = (nodes: Record<string, Node>): Buffer =>
  blob({
    nodes: { 'fragment@0': { properties: { 'target-path': '/' }, nodes: { __overlay__: { nodes } } } },
  });

function blob(root: Node): Buffer {
  const names: string[] = [];
  const offsets = new Map<string, number>();
  let length = 0;
  const offsetOf = (name: string): number => {
    if (!offsets.has(name)) {
      offsets.set(name, length);
      names.push(`${name}\0`);
      length += name.length + 1;
    }
    return offsets.get(name)!;
  };
  const text = (...texts: string[]): Buffer => Buffer.from(texts.map((each) => `${each}\0`).join(''));
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
  const valueOf = (value: string | string[] | number | number[] | true): Buffer => {
    if (value === true) return Buffer.alloc(0);
    const all = Array.isArray(value) ? value : [value];
    return Buffer.concat(
      all.map((each: string | number) => (typeof each === 'string' ? text(each) : cells(each))),
    );
  };
  const structure = (name: string, node: Node): Buffer =>
    Buffer.concat([
      cells(1),
      padded(text(name)),
      ...Object.entries(node.properties ?? {}).map(([property, value]) => {
        const bytes = valueOf(value);
        return Buffer.concat([cells(3, bytes.length, offsetOf(property)), padded(bytes)]);
      }),
      ...Object.entries(node.nodes ?? {}).map(([child, inner]) => structure(child, inner)),
      cells(2),
    ]);

  const tree = Buffer.concat([structure('', root), cells(9)]);
  const strings = Buffer.from(names.join(''));
  const at = { reserved: 40, tree: 56, strings: 56 + tree.length };
  const total = at.strings + strings.length;
  return Buffer.concat([
    cells(0xd00dfeed, total, at.tree, at.strings, at.reserved, 17, 16, 0, strings.length, tree.length),
    cells(0, 0, 0, 0),
    tree,
    strings,
  ]);
}

function cells(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32BE(value >>> 0, 4 * i));
  return bytes;
}
