// SPDX-License-Identifier: Apache-2.0
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';
import { cacheFolder, repository } from '../shared/paths.ts';

// build.ts says where the output goes; editors and checkers that read this file build nothing.
const out = process.env['BRINGUP_WEB_OUT'] ?? cacheFolder('web', 'tools');

/**
 * Only pages and scripts are bundled. Everything else below src/ is imported from where it stands, so
 * that the pages and the process that serves them share one copy of it.
 */
const outside: Plugin = {
  name: 'bringup-outside',
  enforce: 'pre',
  async resolveId(id, importer, options) {
    if (!id.startsWith('.') || !importer) return null;
    const found = await this.resolve(id, importer, { ...options, skipSelf: true });
    const path = relative(repository, found?.id ?? '').split(sep);
    if (path[0] !== 'src' || !found?.id.endsWith('.ts')) return null;
    if (path[1] === 'web' && (path[2] === 'app' || path[2] === 'client')) return null;
    return { id: pathToFileURL(found.id).href, external: 'absolute' };
  },
};

export default defineConfig({
  root: repository,
  logLevel: 'warn',
  worker: { format: 'es' },
  plugins: [
    outside,
    sveltekit({
      adapter: adapter({ out: join(out, 'pages'), envPrefix: 'BRINGUP_ADAPTER_' }),
      outDir: join(out, 'kit'),
      files: { src: 'src/web/app', assets: 'src/web/static' },
      // No page has an inline script or style: what is not from here does not run.
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          'font-src': ['self'],
          'img-src': ['self'],
          'connect-src': ['self'],
          'form-action': ['self'],
          'base-uri': ['none'],
          'frame-ancestors': ['none'],
          'require-trusted-types-for': ['script'],
          'trusted-types': ['none'],
        },
      },
    }),
  ],
});
