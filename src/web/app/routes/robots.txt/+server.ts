// SPDX-License-Identifier: Apache-2.0
import type { RequestHandler } from '@sveltejs/kit';

export const GET: RequestHandler = ({ url }) =>
  new Response(`User-agent: *\nAllow: /\n\nSitemap: ${url.origin}/sitemap.xml\n`, {
    headers: { 'content-type': 'text/plain' },
  });
