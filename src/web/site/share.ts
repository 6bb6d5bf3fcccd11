// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderAsync } from '@resvg/resvg-js';
import type { Depth } from '../../roadmap/schema.ts';
import { fontFile } from '../../shared/fonts.ts';
import { cacheFolder } from '../../shared/paths.ts';
import type { Card } from './card.ts';

const shareSize = { width: 1200, height: 630 };

const shapes: Record<Depth, { color: string; shape: string }> = {
  foundation: { color: '#0b67a3', shape: '<circle cx="5" cy="5" r="4.5"/>' },
  working: { color: '#0a7159', shape: '<path d="M1 1h8v8H1z"/>' },
  advanced: { color: '#8a5a00', shape: '<path d="M5 .5 9.6 9.2H.4z"/>' },
  expert: { color: '#a3357a', shape: '<path d="M5 0 10 5 5 10 0 5z"/>' },
};

/** A share image, as PNG; kept in the cache. */
export async function shareImage(card: Card): Promise<Buffer> {
  const svg = drawn(card);
  const file = cacheFolder(
    'web',
    'share',
    `${createHash('sha256').update(svg).digest('hex').slice(0, 24)}.png`,
  );
  if (existsSync(file)) return readFileSync(file);
  const image = await renderAsync(svg, { font: { fontFiles: fontFiles(), loadSystemFonts: false } });
  const png = image.asPng();
  put(file, png);
  return png;
}

function drawn({ kind, title, says, depth }: Card): string {
  const lines = wrapped(title, 32).slice(0, 3);
  const top = 360 - (lines.length - 1) * 38;
  const mark = depth && shapes[depth];
  const sans = 'font-family="IBM Plex Sans"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${shareSize.width}" height="${shareSize.height}">
<rect width="1200" height="630" fill="#fbfaf6"/>
<path fill="#b3420f" d="M93 74h13v21H93zM80 95h13v21H80z"/>
<text x="124" y="110" font-family="IBM Plex Mono SemiBold" font-weight="600" font-size="38" fill="#1b1d1a">bringup</text>
<path d="M80 150h1040" stroke="#dedbd0" stroke-width="2"/>
${mark ? `<g fill="${mark.color}" transform="translate(80 ${top - 100}) scale(2.6)">${mark.shape}</g>` : ''}
<text x="${mark ? 122 : 80}" y="${top - 77}" font-family="IBM Plex Mono" font-size="28" fill="#5c6057">${escaped(kind)}</text>
${lines.map((line, at) => `<text x="80" y="${top + at * 76}" ${sans.replace('Sans"', 'Sans SemiBold"')} font-weight="600" font-size="64" fill="#1b1d1a">${escaped(line)}</text>`).join('\n')}
${wrapped(says, 62)
  .slice(0, 2)
  .map(
    (line, at) =>
      `<text x="80" y="${top + lines.length * 76 + at * 46}" ${sans} font-size="34" fill="#5c6057">${escaped(line)}</text>`,
  )
  .join('\n')}
</svg>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Lines of at most so many letters. */
function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}

/** Our fonts as files that the renderer reads. */
function fontFiles(): string[] {
  return [fontFile('sans', 400), fontFile('sans', 600), fontFile('mono', 400), fontFile('mono', 600)];
}

/** Writes a file so that it is there whole or not at all. */
function put(file: string, content: Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, content);
  renameSync(`${file}.${process.pid}`, file);
}
