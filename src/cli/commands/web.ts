// SPDX-License-Identifier: Apache-2.0
import { BringupError, exit } from '../../shared/errors.ts';
import { serve } from '../../web/server.ts';
import { progressView } from '../view/progress.ts';

/** bringup web: shows the roadmap in a browser, until Ctrl-C. */
export async function web(options: { port: string }, signal: AbortSignal): Promise<number> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new BringupError('E-USAGE', `${options.port} is not the number of a port`);
  const view = progressView();
  const server = await serve({ port, onProgress: view.on });
  view.end();
  const other = port !== 0 && !server.url.endsWith(`:${port}`) ? `port ${port} is taken; ` : '';
  process.stdout.write(`web     ${other}${server.url}      Ctrl-C ends it\n`);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.close();
  return exit.ok;
}
