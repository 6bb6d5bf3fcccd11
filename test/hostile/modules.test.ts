// SPDX-License-Identifier: Apache-2.0
// What a module can do to the kernel, the agent and the detectors. The C in here is GPL-2.0-only.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/lab/verdict.ts';
import {
  files,
  harmful,
  judged,
  kinds,
  onBusyHost,
  said,
  solution,
  theBench,
  timed,
  type Harm,
} from './helpers.ts';

interface Case extends Harm {
  name: string;
  /** One of these kinds of findings must be there. */
  kind?: Finding['kind'];
  /** What the verdict must say somewhere. */
  says?: RegExp;
}

// The mailbox, found as anybody in ring 0 can: by its first bytes, at the start of a page.
const findMailbox = `
static __no_sanitize_address u8 *mailbox(void)
{
	static const char name[] = "cringup-mailbox!";
	unsigned long address;
	int i;

	for (address = 0x100000; address < 0xffd0000; address += PAGE_SIZE) {
		volatile u8 *page = __va(address);

		for (i = 1; i < 16 && page[i] == name[i]; i++)
			;
		if (i == 16 && page[0] == 'b')
			return (u8 *)page;
	}
	return NULL;
}

static __no_sanitize_address void overwrite(u8 *at, u8 value, int count)
{
	volatile u8 *to = at;

	while (at && count--)
		*to++ = value;
}
`;

/** Answers every call that is under way, every 20 microseconds, with a number of the module's own. */
const forger = (ret: string): string => `${findMailbox}
#include <linux/hrtimer.h>
static struct hrtimer forger;
static u8 *box;

static __no_sanitize_address enum hrtimer_restart forge(struct hrtimer *timer)
{
	int i;

	for (i = 1; i < 16; i++) {
		volatile u32 *slot = (u32 *)(box + 64 + i * 104);

		if (slot[0] == slot[2])
			continue;
		*(volatile u64 *)(slot + 20) = ${ret};
		*(volatile u64 *)(slot + 22) = ~0ull;
		*(volatile u64 *)(slot + 24) = 0;
		slot[2] = slot[0];
	}
	hrtimer_forward_now(timer, 20000);
	return HRTIMER_RESTART;
}
`;
const startForger = `
	box = mailbox();
	hrtimer_init(&forger, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	forger.function = forge;
	if (box)
		hrtimer_start(&forger, 20000, HRTIMER_MODE_REL);`;

const writeText = `
static void patch(u8 *at, u8 value)
{
	unsigned long cr0, flags;

	local_irq_save(flags);
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(cr0 & ~(1ul << 16)) : "memory");
	*(volatile u8 *)at = value;
	asm volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
	local_irq_restore(flags);
}
`;

const writeAgent = `
#include <linux/highmem.h>
#include <linux/sched/mm.h>
static void patch_agent(void)
{
	struct mm_struct *mm = get_task_mm(pid_task(find_vpid(1), PIDTYPE_PID));
	struct page *page;
	u8 *code;

	mmap_read_lock(mm);
	if (get_user_pages_remote(mm, mm->start_code, 1, 0, &page, NULL) == 1) {
		code = kmap_local_page(page);
		code[AT] ^= 0x55;
		kunmap_local(code);
		put_page(page);
	}
	mmap_read_unlock(mm);
	mmput(mm);
}
`;

const outOfBounds = 'char *p = kmalloc(13, GFP_KERNEL); OPTIMIZER_HIDE_VAR(p); p[13] = 1; kfree(p);';

const hangs: Case[] = [
  { name: 'init computes without end', init: 'for (;;) cpu_relax();', says: /load|hang/ },
  {
    name: 'init computes without end, interrupts off',
    init: 'local_irq_disable(); for (;;) cpu_relax();',
    kind: 'hang',
  },
  {
    name: 'init sleeps for ever',
    top: '#include <linux/delay.h>',
    init: 'for (;;) msleep_interruptible(60000);',
    says: /loading echo\.ko did not return/,
  },
  {
    name: 'init sleeps for ever, uninterruptibly',
    init: 'set_current_state(TASK_UNINTERRUPTIBLE); schedule();',
    says: /loading echo\.ko did not return/,
  },
  {
    name: 'exit sleeps for ever',
    exit: 'set_current_state(TASK_UNINTERRUPTIBLE); schedule();',
    kind: 'stuck-module',
    says: /unload/,
  },
  { name: 'exit computes without end', exit: 'local_irq_disable(); for (;;) cpu_relax();', kind: 'hang' },
  {
    name: 'a spinlock is taken twice',
    top: 'static DEFINE_SPINLOCK(twice);',
    init: 'spin_lock(&twice); spin_lock(&twice);',
    kind: 'lockdep',
  },
];

const crashes: Case[] = [
  { name: 'init panics', init: 'panic("enough");', kind: 'panic', says: /enough/ },
  {
    name: 'init follows a null pointer',
    init: 'volatile int *none = NULL; OPTIMIZER_HIDE_VAR(none); *none = 1;',
    kind: 'oops',
  },
  {
    name: 'init restarts the machine',
    top: '#include <linux/reboot.h>',
    init: 'emergency_restart();',
    says: /went down/,
  },
  {
    name: 'init halts the processor',
    init: 'local_irq_disable(); for (;;) asm volatile("hlt");',
    says: /hang|did not return|answer/,
  },
];

const log: Case[] = [
  {
    name: 'tens of thousands of messages',
    init: 'for (int i = 0; i < 40000; i++) printk("flood %d of the log, to hide what was there\\n", i);',
    kind: 'log-flood',
  },
  {
    name: 'messages without end',
    init: 'for (;;) printk("flood of the log\\n");',
    says: /hang|flood|did not return/,
  },
];

const tampering: Case[] = [
  {
    name: 'the mailbox is overwritten',
    top: findMailbox,
    init: "overwrite(mailbox(), 'x', 16);",
    kind: 'tampering',
    says: /mailbox/,
  },
  {
    name: 'the state of all calls is overwritten',
    top: findMailbox,
    init: 'u8 *box = mailbox(); overwrite(box ? box + 64 : NULL, 0xff, 16 * 104);',
    says: /hang|tamper/,
  },
  {
    name: 'the page list of the mailbox is overwritten',
    top: findMailbox,
    init: 'u8 *box = mailbox(); overwrite(box ? box + 20 : NULL, 0xff, 44);',
    says: /hang|tamper|agent/,
  },
  {
    name: 'replies are forged: huge',
    top: forger('1ull << 62'),
    init: startForger,
    exit: 'hrtimer_cancel(&forger);',
  },
  {
    name: 'replies are forged: success',
    top: forger('5'),
    init: startForger,
    exit: 'hrtimer_cancel(&forger);',
  },
  {
    name: 'the agent is patched',
    top: writeAgent.replace('AT', '9'),
    init: 'patch_agent();',
    kind: 'tampering',
    says: /agent/,
  },
  {
    name: 'the kernel is patched',
    top: writeText,
    init: 'patch((u8 *)probed("__x64_sys_sethostname") + 20, 0xcc);',
    kind: 'tampering',
    says: /code/,
  },
  {
    name: 'the table of system calls is patched',
    top: writeText,
    init: 'patch((u8 *)symbol("sys_call_table") + 8 * 300, 0x10);',
    kind: 'tampering',
    says: /code/,
  },
];

const detectors: Case[] = [
  {
    name: 'KASAN off for its task',
    init: `current->kasan_depth++; { ${outOfBounds} }`,
    kind: 'tampering',
    says: /KASAN/,
  },
  {
    name: 'KASAN reports only once',
    init: '*(unsigned long *)symbol("kasan_flags") = 0;',
    kind: 'tampering',
    says: /kasan_flags/,
  },
  {
    name: 'lockdep off',
    top: '#include <linux/debug_locks.h>',
    init: 'debug_locks_off();',
    kind: 'tampering',
    says: /debug_locks/,
  },
  {
    name: 'lockdep off, proving',
    init: '*(int *)symbol("prove_locking") = 0;',
    kind: 'tampering',
    says: /prove_locking/,
  },
  {
    name: 'kmemleak off',
    init: '*(int *)symbol("kmemleak_enabled") = 0;',
    kind: 'tampering',
    says: /kmemleak_enabled/,
  },
  {
    name: 'printk off',
    init: `*(int *)symbol("suppress_printk") = 1; { ${outOfBounds} }`,
    kind: 'tampering',
    says: /suppress_printk/,
  },
  {
    name: 'console quiet, a real fault behind it',
    init: `console_printk[0] = 0; { ${outOfBounds} }`,
    kind: 'kasan',
  },
];

const leftovers: Case[] = [
  { name: 'a licence the kernel does not accept', license: 'Proprietary', says: /GPL|proprietary/ },
  { name: 'it holds on to itself', init: '__module_get(THIS_MODULE);', kind: 'stuck-module' },
  { name: 'its device stays', deregister: '', says: /residue|\/dev\/echo/ },
  {
    name: 'a file in /proc stays',
    top: '#include <linux/proc_fs.h>',
    init: 'proc_mkdir("echo-was-here", NULL);',
    kind: 'residue',
    says: /echo-was-here/,
  },
  {
    name: 'a folder in debugfs stays',
    top: '#include <linux/debugfs.h>',
    init: 'debugfs_create_dir("echo-was-here", NULL);',
    kind: 'residue',
    says: /echo-was-here/,
  },
  {
    name: 'kstrdup() leaks',
    init: 'char *lost = kstrdup("a text nobody frees", GFP_KERNEL); OPTIMIZER_HIDE_VAR(lost);',
    kind: 'leak',
  },
];

/** Judges one case: whatever it is, it fails for its own reason and does not take long. */
async function failing(harm: Case): Promise<void> {
  const verdict = await judged(harmful(harm));
  timed(harm.name, verdict);
  expect(verdict.outcome, said(verdict)).toBe('fail');
  if (harm.kind) expect(kinds(verdict), said(verdict)).toContain(harm.kind);
  if (harm.says) expect(said(verdict)).toMatch(harm.says);
  expect(verdict.timings.total).toBeLessThan(onBusyHost(25_000));
}

beforeAll(theBench);

test('the module that the harm is put into passes without it', async () => {
  for (const sources of [harmful({}), solution]) {
    const verdict = await judged(sources);
    timed('no harm', verdict);
    expect(verdict.outcome, said(verdict)).toBe('pass');
  }
});

describe('a module that does not come back', () => {
  test.for(hangs)('$name', (harm) => failing(harm));

  test('every call takes long, and none too long', async () => {
    const slow = harmful({
      top: '#include <linux/delay.h>\nstatic int slow(struct kprobe *p, struct pt_regs *r) { mdelay(300); return 0; }\nstatic struct kprobe every = { .symbol_name = "ksys_read", .pre_handler = slow };',
      init: 'register_kprobe(&every);',
    });
    const verdict = await judged(slow, { checkSeconds: 3 });
    timed('every read takes 0.3 s', verdict);
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/more than 3 s of a processor/);
  });

  test.for([
    { name: 'in init', harm: { init: 'local_irq_disable(); for (;;) cpu_relax();' } },
    {
      name: 'in a function of the kernel that it called',
      harm: { exit: 'for (;;) { preempt_disable(); kfree(kzalloc(64, GFP_ATOMIC)); }' },
    },
  ])('and the line is named: $name', async ({ harm }) => {
    const verdict = await judged(harmful(harm));
    const [place] = verdict.findings.find(({ kind }) => kind === 'hang')?.places ?? [];
    expect(place, said(verdict)).toMatchObject({ file: 'echo.c', role: 'here' });
    expect(place!.excerpt?.find(([line]) => line === place!.line)?.[1]).toContain('for (;;)');
  });
});

describe('a module that brings the machine down', () => {
  test.for(crashes)('$name', (harm) => failing(harm));
});

describe('a module that writes into the log', () => {
  test.for(log)('$name', (harm) => failing(harm));

  test.for([
    'KTAP version 1\\n1..9\\nok 1 echo',
    'PASS: all requirements met',
    'INFO: lockdep is turned off.',
    'BUG: KASAN: slab-out-of-bounds in nothing_at_all+0x1/0x2\\nWrite of size 1 at addr ffff888000000000 by task init/1',
    'WARNING: CPU: 0 PID: 1 at kernel/fork.c:1 nothing_at_all+0x1/0x2',
  ])('claims of its own count for nothing: %s', async (text) => {
    const wrong = harmful({ init: `printk("${text}\\n"); misc_deregister(&echo_device); return -ENODEV;` });
    const verdict = await judged(wrong);
    timed(`it prints ${text.slice(0, 30)}`, verdict);
    expect(verdict.outcome, said(verdict)).not.toBe('pass');
    expect(verdict.requirements.some(({ result }) => result === 'pass')).toBe(false);
  });

  test('a made-up line about a detector is told from a real one', async () => {
    const verdict = await judged(harmful({ init: 'printk("INFO: lockdep is turned off.\\n");' }));
    timed('a made-up line about lockdep', verdict);
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/lockdep is off, and it is on/);
  });

  test('a made-up report is told from a real one', async () => {
    const verdict = await judged(
      harmful({ init: 'printk("BUG: KASAN: slab-out-of-bounds in nothing+0x1/0x2\\n");' }),
    );
    timed('a made-up KASAN report', verdict);
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/the kernel did not make/);
  });
});

describe('a module that tampers', () => {
  test.for(tampering)('$name', (harm) => failing(harm));
});

describe('a module that disarms a detector', () => {
  test.for(detectors)('$name', (harm) => failing(harm));

  test('and explains it with a line of its own', async () => {
    const verdict = await judged(
      harmful({
        top: '#include <linux/debug_locks.h>',
        init: 'debug_locks_off(); current->kasan_depth++; printk("INFO: lockdep is turned off.\\n");',
      }),
    );
    timed('detectors off, with an excuse', verdict);
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(said(verdict)).toMatch(/KASAN is switched off/);
  });
});

describe('a module that leaves something behind', () => {
  test.for(leftovers)('$name', (harm) => failing(harm));

  test('a line about another leak does not keep kmemleak from looking', async () => {
    const verdict = await judged(
      harmful({
        init: 'char *lost = kstrdup("a text nobody frees", GFP_KERNEL); OPTIMIZER_HIDE_VAR(lost);',
        exit: 'printk("0 bytes allocated at module unload\\n");',
      }),
    );
    timed('kstrdup() leaks, with an excuse', verdict);
    expect(verdict.outcome, said(verdict)).toBe('fail');
    expect(kinds(verdict), said(verdict)).toContain('leak');
  });

  // kmemleak reaches it from the kernel's own list of workqueues, so that list is looked at.
  test('a workqueue that nobody destroys', () =>
    failing({
      name: 'alloc_workqueue() leaks',
      kind: 'residue',
      says: /workqueue echo-lost/,
      top: '#include <linux/workqueue.h>',
      init: 'if (!alloc_workqueue("echo-lost", WQ_MEM_RECLAIM, 1)) return -ENOMEM;',
    }));

  test('a licence the kernel does not accept, with nothing but what it may use', async () => {
    const text = '#include <linux/module.h>\nMODULE_LICENSE("Proprietary");\nMODULE_DESCRIPTION("mine");\n';
    const verdict = await judged(files({ Makefile: 'obj-m := echo.o\n', 'echo.c': text }));
    timed('a proprietary module', verdict);
    expect(verdict.outcome).toBe('fail');
    expect(kinds(verdict), said(verdict)).toContain('taint');
  });
});

test('a module that is too large to be loaded', async () => {
  const verdict = await judged(
    files({
      Makefile: 'obj-m := echo.o\n',
      'echo.c':
        '#include <linux/module.h>\nconst char big[32 << 20] = { 1 };\nMODULE_LICENSE("GPL");\nMODULE_DESCRIPTION("big");\n',
    }),
  );
  timed('a module of 32 MiB', verdict);
  expect(verdict.outcome, said(verdict)).toBe('fail');
  expect(said(verdict)).toMatch(/echo\.ko has \d+ bytes/);
});
