// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { toHtml } from './html.ts';
import { element } from './markup.ts';
import type { Sheet } from './sheet.ts';

/** What the web's own style sheets say on its pages. */
const around = `:root {
  color-scheme: light dark;
  --line: light-dark(#dedbd0, #2c2f29);
  --dim: light-dark(#5c6057, #9a9d92);
}
body {
  margin: 0 auto;
  padding: 2rem 1rem 4rem;
  max-width: 860px;
  font-family: 'IBM Plex Sans', system-ui, sans-serif;
  background: light-dark(#fbfaf6, #121411);
  color: light-dark(#1b1d1a, #e6e5dd);
}
@page {
  margin: 18mm 16mm;
}
@media print {
  :root {
    color-scheme: light;
  }
  body {
    padding: 0;
    background: none;
  }
}
`;

/** A data sheet as one HTML file that needs no other, light or dark as its reader has it. There is no script. */
export function toPage(sheet: Sheet): string {
  const look = readFileSync(new URL('sheet.css', import.meta.url), 'utf8');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${element('title', {}, sheet.title).markup}
<style>
${around}${look}</style>
</head>
<body>
<main>
${toHtml(sheet)}
</main>
</body>
</html>
`;
}
