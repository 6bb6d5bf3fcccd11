// SPDX-License-Identifier: Apache-2.0

/** HTML or SVG in which everything is escaped. */
export interface Markup {
  readonly markup: string;
}

type Content = Markup | string | readonly Content[];

/** An element; attributes that are undefined are left out, and texts are escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  ...content: Content[]
): Markup {
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined);
  const tag = [name, ...pairs.map(([key, value]) => `${key}="${escaped(String(value))}"`)].join(' ');
  const inner = content.map(markupOf).join('');
  return { markup: voids.has(name) && inner === '' ? `<${tag}/>` : `<${tag}>${inner}</${name}>` };
}

const voids = new Set(['rect', 'path', 'line']);

function markupOf(content: Content): string {
  if (typeof content === 'string') return escaped(content);
  return 'markup' in content ? content.markup : content.map(markupOf).join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
