// SPDX-License-Identifier: Apache-2.0
// Titles of faults, failed assertions and the detectors that speak through WARN and BUG.
import { describeOops } from './describe-oops.ts';
import { parseSymbol } from './frame.ts';
import { relate } from './related.ts';
import type { Report } from './report.ts';
import { cutHere } from './shape.ts';
import { firstMatch, panicPrefix, sourceOf } from './text.ts';

type Describer = (report: Report, lines: readonly string[]) => void;

const describers: Record<string, Describer> = {
  oops: describeOops,
  bug,
  warning,
  refcount,
  ubsan,
  'list-corruption': list,
  'debug-objects': debugObjects,
  'dma-api': dmaApi,
  irq,
  sysfs,
  teardown,
  'rust-panic': rustPanic,
  panic,
};

/** Describes every kind that the other describers leave. */
export function describeFault(report: Report, lines: readonly string[]): void {
  describers[report.kind]?.(report, lines);
  if (report.title === '') report.title = lines[0] ?? '';
}

// lib/bug.c; other complaints that start with 'BUG:'
function bug(report: Report, lines: readonly string[]): void {
  const place = firstMatch(lines, /^[kK]ernel BUG at (\S{1,300}):(\d{1,7})!/);
  const source = sourceOf(place?.[1], place?.[2]);
  if (source) report.source = source;
  const said = lines[0]?.startsWith('BUG: ') ? lines[0].slice(5) : undefined;
  report.title = said ?? 'BUG, an assertion that stops the kernel';
  if (said === undefined && source) report.detail = `${source.file}:${source.line}`;
}

// kernel/panic.c: __warn. The message of WARN() stands before the line with the place, or after it on some architectures.
function warning(report: Report, lines: readonly string[]): void {
  const index = lines.findIndex((line) => line.startsWith('WARNING: '));
  const place =
    /^WARNING: (?:CPU: \d{1,5} PID: \d{1,10} at )?(\S{1,300}):(\d{1,7}) (?:at )?(\S{1,300})?/.exec(
      lines[index] ?? '',
    );
  const source = sourceOf(place?.[1], place?.[2]);
  if (source) report.source = source;
  const before = lines.slice(0, Math.max(index, 0)).find((line) => line !== '' && !cutHere.test(line));
  const next = lines[index + 1] ?? '';
  const after = /^(?:Modules linked in:|CPU: )/.test(next) ? '' : next;
  const message = before ?? after;
  report.title = message === '' ? 'WARN_ON' : message.replace(/ at \S{1,300}:\d{1,7} \(size/, ' (size');
  for (const [, symbol = ''] of message.matchAll(
    /(?:^| )(\w{1,128}\+0x[0-9a-f]{1,8}\/0x\S{1,80}(?: \[[\w-]{1,64}\])?)/g,
  )) {
    const frame = parseSymbol(symbol);
    if (frame) relate(report, 'named by the warning', frame);
  }
  if (source) report.detail = `${source.file}:${source.line}`;
}

// lib/refcount.c: refcount_warn_saturate
function refcount(report: Report, lines: readonly string[]): void {
  const said = firstMatch(lines, /^refcount_t: (.{1,80}?)\.?$/)?.[1] ?? 'saturated';
  const [what = '', effect = ''] = said.split('; ');
  report.title = `reference count: ${what}`;
  report.detail = effect;
}

// lib/ubsan.c: ubsan_prologue, then one line of its own for each check
function ubsan(report: Report, lines: readonly string[]): void {
  const head = firstMatch(
    lines,
    /^UBSAN: ([\w -]{1,60}?)(?: in (\S{1,300}?):(\d{1,7})(?::\d{1,7})?)?(?: at .{1,200})?$/,
  );
  report.title = head?.[1] ?? 'undefined behavior';
  const source = sourceOf(head?.[2], head?.[3]);
  if (source) report.source = source;
  const index = lines.findIndex((line) => line.startsWith('UBSAN: '));
  const said = lines[index + 1] ?? '';
  if (!/^(?:CPU: |Oops|Internal|Modules)/.test(said)) report.detail = said;
}

// lib/list_debug.c
function list(report: Report, lines: readonly string[]): void {
  const head = firstMatch(lines, /^(list_add|list_del) (corruption|double add)[.,:]? ?(.{0,200})$/);
  const [, operation = 'list', what = 'corruption', said = ''] = head ?? [];
  report.title = what === 'double add' ? 'entry added to a list twice' : `${operation} corruption`;
  const poison = /is LIST_POISON/.test(said) ? 'entry was already removed' : undefined;
  const wrong = /^(\w{1,8}->\w{1,8}) should be/.exec(said)?.[1];
  report.detail =
    poison ??
    (wrong === undefined ? said.replace(/\(?[0-9a-f]{8,16}\)?(?:->)?/g, '') : `${wrong} points elsewhere`);
  if (what === 'double add') report.detail = '';
}

// lib/debugobjects.c: debug_print_object. The hint is the timer's or work's function.
function debugObjects(report: Report, lines: readonly string[]): void {
  const head = firstMatch(
    lines,
    /^ODEBUG: (\S{1,40}) ([\w ]{1,30}) \(active state \d{1,10}\) object: \S{1,40} object type: (\S{1,60}) hint: (.{1,200})$/,
  );
  if (!head) {
    report.title =
      firstMatch(lines, /^ODEBUG: object .{1,20} is (NOT on stack|on stack)/)?.[1] === 'on stack'
        ? 'object on the stack, but initialized as if it were not'
        : 'object not on the stack, but initialized as if it were';
    return;
  }
  const [, action = '', state = '', type = '', hint = ''] = head;
  const verb =
    {
      activate: 'activation',
      free: 'free',
      init: 'initialization',
      destroy: 'destruction',
      deactivate: 'deactivation',
      assert_init: 'use',
      active_state: 'use',
    }[action] ?? action;
  // What debugobjects does not know was never initialized, or was already destroyed.
  const what = state === 'not available' ? 'uninitialized' : state;
  report.title = `${verb} of ${/^[aeiou]/.test(what) ? 'an' : 'a'} ${what} ${type}`;
  const frame = parseSymbol(hint);
  if (frame) {
    report.detail = `its function is ${frame.fn}`;
    relate(report, 'function of the object', frame);
  }
}

// kernel/dma/debug.c: err_printk
function dmaApi(report: Report, lines: readonly string[]): void {
  const head = firstMatch(lines, /^DMA-API: (\S{1,80}) (\S{1,80}): (.{1,300}?)(?: ?\[.{0,300})?$/);
  report.title = head?.[3] ?? 'DMA API misuse';
  if (head) report.detail = `${head[1] ?? ''} ${head[2] ?? ''}`;
}

// kernel/irq/spurious.c: __report_bad_irq
function irq(report: Report, lines: readonly string[]): void {
  report.title = 'interrupt that nobody cared about';
  report.detail = /^irq (\d{1,6}):/.exec(lines[0] ?? '')?.[0].slice(0, -1) ?? '';
}

// fs/sysfs/dir.c: sysfs_warn_dup
function sysfs(report: Report, lines: readonly string[]): void {
  report.title = 'duplicate name in sysfs';
  report.detail = /filename '(.{1,250})'/.exec(lines[0] ?? '')?.[1] ?? '';
}

// net/core/dev.c: netdev_wait_allrefs_any; fs/super.c: generic_shutdown_super
function teardown(report: Report, lines: readonly string[]): void {
  const device = firstMatch(
    lines,
    /^unregister_netdevice: waiting for (\S{1,40}) to become free\. Usage count = (-?\d{1,10})/,
  );
  if (device) {
    report.title = 'network device still referenced';
    report.detail = `${device[1] ?? ''}, ${device[2] ?? ''} references`;
  } else {
    report.title = 'inodes still in use after unmount';
    report.detail = firstMatch(lines, / after unmount of (.{1,80})$/)?.[1] ?? '';
  }
}

// rust/kernel/lib.rs: the panic handler prints PanicInfo, the message on the next line
function rustPanic(report: Report, lines: readonly string[]): void {
  const head = /^rust_kernel: panicked at (\S{1,300}?):(\d{1,7}):\d{1,7}:?/.exec(lines[0] ?? '');
  const source = sourceOf(head?.[1], head?.[2]);
  if (source) report.source = source;
  report.title = 'Rust code panicked';
  const said = lines[1] ?? '';
  if (said !== '' && !cutHere.test(said)) report.detail = said;
}

// kernel/panic.c
function panic(report: Report, lines: readonly string[]): void {
  report.title = 'kernel panic';
  report.detail = (lines[0] ?? '').slice(panicPrefix.length);
}
