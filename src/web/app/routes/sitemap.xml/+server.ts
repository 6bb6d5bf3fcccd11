// SPDX-License-Identifier: Apache-2.0
import type { RequestHandler } from '@sveltejs/kit';
import { allPages } from '../../../site/pages.ts';

export const GET: RequestHandler = ({ url }) => {
  // An id is kebab-case: nothing in an address needs escaping.
  const entries = allPages().map((path) => `<url><loc>${url.origin}${path}</loc></url>\n`);
  return new Response(
    `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${entries.join('')}</urlset>\n`,
    { headers: { 'content-type': 'application/xml' } },
  );
};
