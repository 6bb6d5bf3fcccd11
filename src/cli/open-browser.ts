// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that show an address in the browser a person chose: WSL's, then those of Linux desktops. */
const openers = ['wslview', 'xdg-open'];

/**
 * Shows an address in the user's browser, when they sit before this machine: not over ssh, and not where the output
 * goes into a file. Gives whether it was tried; the browser runs on by itself.
 */
export function openBrowser(url: string): boolean {
  const { env, stdout } = process;
  const desktop = env['DISPLAY'] ?? env['WAYLAND_DISPLAY'] ?? env['WSL_DISTRO_NAME'];
  if (!stdout.isTTY || !desktop || env['SSH_CONNECTION']) return false;
  const folders = (env['PATH'] ?? '').split(delimiter);
  const opener = openers
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
  if (!opener) return false;
  spawn(opener, [url], { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref();
  return true;
}
