// SPDX-License-Identifier: Apache-2.0
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The user a sandboxed program is on the host when bringup runs as root: nobody. Root itself would
 * own too much and is exempt from the limit on processes.
 */
export const sandboxUser = 65534;

/** Files in the sandbox's /tmp are memory that no limit on processes counts. */
const tmpBytes = 256 << 20;

/** True when bringup runs as root; folders the sandbox writes to must then be given to sandboxUser. */
export const isRoot = process.getuid?.() === 0;

export interface Sandbox {
  /** The kit's root folder. */
  kit: string;
  /** Host folders or files to show inside: path inside → path on the host. */
  readOnly?: Record<string, string>;
  /** The same, writable. */
  writable?: Record<string, string>;
  /** Working folder inside. */
  cwd?: string;
  env?: Record<string, string>;
  /** Shows /dev/kvm. */
  kvm?: boolean;
  limits?: Limits;
}

/** Limits per process. `processes` is of the sandbox's user: as root, of all sandboxes together. */
export interface Limits {
  processes?: number;
  fileBytes?: number;
  addressBytes?: number;
  cpuSeconds?: number;
}

/**
 * The command line that runs `argv` in a sandbox made by bubblewrap: the kit as read-only root; no
 * network, home or host process in sight; an empty /tmp; nothing writable but what `writable` names.
 * As an ordinary user it gets a user namespace of its own; as root it is `nobody` without one, so that
 * hosts without user namespaces work too.
 *
 * bubblewrap stays as the first process of the sandbox (no --as-pid-1): it keeps the user that may be
 * ended together with us, and takes everything in the sandbox along.
 */
export function sandboxed(sandbox: Sandbox, argv: readonly string[]): string[] {
  const args = ['bwrap', '--die-with-parent', '--new-session', '--clearenv'];
  args.push('--unshare-ipc', '--unshare-pid', '--unshare-uts', '--unshare-cgroup-try', '--unshare-net');
  if (!isRoot) args.push('--unshare-user', '--uid', '1000', '--gid', '1000');

  args.push('--ro-bind', join(sandbox.kit, 'usr'), '/usr', '--ro-bind', join(sandbox.kit, 'etc'), '/etc');
  for (const link of ['bin', 'sbin', 'lib', 'lib64']) args.push('--symlink', `usr/${link}`, `/${link}`);
  args.push(
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--perms',
    '1777',
    '--size',
    String(tmpBytes),
    '--tmpfs',
    '/tmp',
  );
  if (sandbox.kvm && existsSync('/dev/kvm')) args.push('--dev-bind', '/dev/kvm', '/dev/kvm');
  for (const [inside, host] of Object.entries(sandbox.readOnly ?? {})) args.push('--ro-bind', host, inside);
  for (const [inside, host] of Object.entries(sandbox.writable ?? {})) args.push('--bind', host, inside);
  // To an ordinary user's own namespace the root folder, which is empty memory, would be open for writing.
  args.push('--remount-ro', '/');
  if (sandbox.cwd) args.push('--chdir', sandbox.cwd);

  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C.UTF-8', ...sandbox.env };
  for (const [name, value] of Object.entries(env)) args.push('--setenv', name, value);

  args.push(...(isRoot ? becomeNobody(sandbox) : ['--']));
  return [...args, ...prlimit(sandbox.limits), ...argv];
}

function becomeNobody(sandbox: Sandbox): string[] {
  const keep = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP'].flatMap((name) => ['--cap-add', name]);
  const groups =
    sandbox.kvm && existsSync('/dev/kvm') ? `--groups=${statSync('/dev/kvm').gid}` : '--clear-groups';
  const setpriv = ['setpriv', `--reuid=${sandboxUser}`, `--regid=${sandboxUser}`, groups];
  return [
    '--cap-drop',
    'ALL',
    ...keep,
    '--',
    ...setpriv,
    '--inh-caps=-all',
    '--bounding-set=-all',
    '--no-new-privs',
  ];
}

function prlimit(limits: Limits | undefined): string[] {
  if (!limits) return [];
  const args = ['prlimit', '--core=0'];
  if (limits.processes) args.push(`--nproc=${limits.processes}`);
  if (limits.fileBytes) args.push(`--fsize=${limits.fileBytes}`);
  if (limits.addressBytes) args.push(`--as=${limits.addressBytes}`);
  if (limits.cpuSeconds) args.push(`--cpu=${limits.cpuSeconds}`);
  return args;
}
