// SPDX-License-Identifier: Apache-2.0
// Device trees as compiled blobs (Devicetree Specification, chapter 5), with references as overlays have them.

/** A reference to the node with this phandle, and the cells that follow it. */
export interface Reference {
  to: number;
  cells: number[];
}

export interface Node {
  /** A number is a cell, true an empty property. */
  properties?: Record<string, string | number | Reference | true>;
  nodes?: Record<string, Node>;
}

/** An overlay that adds these nodes to the root of the tree. */
export function overlay(nodes: Record<string, Node>): Buffer {
  const fragment = (content: Node, properties: Node['properties'] = {}): Record<string, Node> => ({
    'fragment@0': { properties, nodes: { __overlay__: content } },
  });
  return blob({
    nodes: {
      ...fragment({ nodes }, { 'target-path': '/' }),
      __local_fixups__: { nodes: fragment(referencesIn({ nodes })) },
    },
  });
}

/** The same nodes, each with a property for one that has a reference: at which byte that is. */
function referencesIn(node: Node): Node {
  const properties = Object.entries(node.properties ?? {}).filter(([, value]) => typeof value === 'object');
  const nodes = Object.entries(node.nodes ?? {}).map(([name, inner]) => [name, referencesIn(inner)] as const);
  return {
    properties: Object.fromEntries(properties.map(([name]) => [name, 0])),
    nodes: Object.fromEntries(nodes),
  };
}

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
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4);
  const valueOf = (value: string | number | Reference | true): Buffer => {
    if (value === true) return Buffer.alloc(0);
    if (typeof value === 'string') return Buffer.from(`${value}\0`);
    return typeof value === 'number' ? cells(value) : cells(value.to, ...value.cells);
  };
  const structure = (name: string, node: Node): Buffer =>
    Buffer.concat([
      cells(1),
      padded(Buffer.from(`${name}\0`)),
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
