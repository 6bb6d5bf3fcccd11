// SPDX-License-Identifier: Apache-2.0
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BringupError, isErrno } from '../shared/errors.ts';
import type { OnProgress } from '../shared/progress.ts';
import { builtPages } from './build.ts';
import { pageKinds, statePages } from './site/pages.ts';
import { site } from './site/site.ts';
import { closeMine } from './state/mine.ts';

export interface ServeOptions {
  /** The port to listen on; when it is taken, the next free one above it. 0 for any. */
  port: number;
  host?: string;
  onProgress?: OnProgress;
}

const tries = 20;
const scheme = 'x-bringup-scheme';

const headers = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy':
    'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), browsing-topics=()',
};

/**
 * Serves the web, after building its pages when their sources changed. Gives the address, and how to
 * end it. Throws E-WEB-BUILD, E-WEB-PORT, E-ROADMAP-BROKEN.
 */
export async function serve(options: ServeOptions): Promise<{ url: string; close: () => Promise<void> }> {
  const { port, host = '127.0.0.1', onProgress = () => {} } = options;
  site();
  const folder = await builtPages(onProgress);
  process.env['BRINGUP_ADAPTER_PROTOCOL_HEADER'] = scheme;
  const { handler } = (await import(pathToFileURL(join(folder, 'handler.js')).href)) as {
    handler: RequestListener;
  };
  const server = createServer((request, response) => answer(request, response, handler));
  const url = `http://${host}:${await listen(server, host, port)}`;
  await warm(url);
  return {
    url,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      await closeMine();
    },
  };
}

/**
 * Has one page of each kind made, so that the first reader does not wait for what is loaded at first use. Those that
 * need the database are left alone: it starts when somebody wants them.
 */
async function warm(url: string): Promise<void> {
  for (const path of pageKinds().filter((path) => !statePages.includes(path)))
    await (await fetch(url + path)).arrayBuffer();
}

/** Names by which a browser on this machine may call us. Any other means that a page elsewhere does. */
const ours = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

function answer(request: IncomingMessage, response: ServerResponse, handler: RequestListener): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!ours.test(request.headers.host ?? '')) {
    response.writeHead(421, { 'content-type': 'text/plain' }).end('This server answers to localhost only.\n');
    return;
  }
  request.headers[scheme] = 'http';
  handler(request, response);
}

/** Listens on the first free port from `port` on; gives its number. */
async function listen(server: Server, host: string, port: number): Promise<number> {
  for (let number = port; number < port + tries; number++) {
    const taken = await new Promise<boolean>((resolve, reject) => {
      server.once('error', (error) => (isErrno(error, 'EADDRINUSE') ? resolve(true) : reject(error)));
      server.listen(number, host, () => resolve(false));
    });
    server.removeAllListeners('error');
    if (!taken) return (server.address() as AddressInfo).port;
  }
  throw new BringupError('E-WEB-PORT', `the ports ${port} to ${port + tries - 1} are all taken`);
}
