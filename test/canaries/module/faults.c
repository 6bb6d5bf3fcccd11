// SPDX-License-Identifier: GPL-2.0-only
/* Faults of the processor, with KASAN's checks before them and without. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/objtool.h>
#include "canaries.h"

struct visitor {
	char name[24];
	long visits;
};

static volatile long sink;
static const long constant = 7;

/* What KASAN inlines looks the address up in its shadow memory, and faults there. */
static void follow_null(void)
{
	unknown((struct visitor *)NULL)->visits = 1; /* HERE oops-kasan-null */
}

static void follow_user_pointer(void)
{
	sink = *unknown((long *)0x10000000); /* HERE oops-kasan-user */
}

static void follow_poison(void)
{
	sink = *unknown((long *)0xdead000000000100); /* HERE oops-kasan-wild */
}

/* Nothing was ever there, so there is no shadow memory either. */
static void follow_into_vmalloc(void)
{
	sink = *unknown((long *)0xffffd00000000000); /* HERE oops-kasan-page-fault */
}

static unwatched void follow_null_unwatched(void)
{
	WRITE_ONCE(unknown((struct visitor *)NULL)->visits, 1); /* HERE oops-null */
}

static unwatched void follow_unmapped_unwatched(void)
{
	sink = READ_ONCE(*unknown((long *)0xffffd00000000000)); /* HERE oops-page-fault */
}

static unwatched void follow_user_unwatched(void)
{
	sink = READ_ONCE(*unknown((long *)current->mm->start_stack)); /* HERE oops-user */
}

static unwatched void follow_poison_unwatched(void)
{
	sink = READ_ONCE(*unknown((long *)0xdead000000000100)); /* HERE oops-general-protection */
}

static unwatched void write_a_constant(void)
{
	WRITE_ONCE(*unknown((long *)&constant), 8); /* HERE oops-read-only */
}

static void call_null(void)
{
	void (*operation)(void) = unknown((void (*)(void))NULL);

	operation(); /* HERE oops-null-call */
}

static void call_data(void)
{
	static long data[2];
	void (*operation)(void) = unknown((void (*)(void))&data[0]);

	operation(); /* HERE oops-jump-to-data */
}

static void call_nowhere(void)
{
	void (*operation)(void) = unknown((void (*)(void))0xffffd00000000000);

	operation(); /* HERE oops-jump-to-nowhere */
}

static void divide_by_zero(void)
{
	sink = 7 / unknown(0l); /* HERE oops-divide */
}

/* rsm is an instruction of the firmware only. */
static void execute_what_is_forbidden(void)
{
	asm volatile("rsm"); /* HERE oops-invalid-opcode */
}

static void leave_a_breakpoint(void)
{
	asm volatile("int3"); /* HERE oops-int3 */
}

/* The stack pointer leads nowhere, so the fault can not be reported on it. */
static void lose_the_stack(void)
{
	asm volatile("mov %0, %%rsp\n\tpush %%rax" : : "r"(0xffffd00000000000)); /* HERE oops-double-fault */
}
STACK_FRAME_NON_STANDARD(lose_the_stack);

/* Where a stack starts is drawn by lot, and so is which of these lines meets its end. */
static noinline long recurse(long depth)
{ /* HERE oops-stack-overflow */
	volatile long frame[64]; /* HERE oops-stack-overflow */

	frame[depth & 63] = depth; /* HERE oops-stack-overflow */
	if (depth == 1000)
		return depth;
	return recurse(depth + 1) + frame[unknown(depth) & 63]; /* HERE oops-stack-overflow */
}

static void overflow_the_stack(void)
{
	sink = recurse(0);
}

const struct canary fault_canaries[] = {
	{ "oops-kasan-null", follow_null },
	{ "oops-kasan-user", follow_user_pointer },
	{ "oops-kasan-wild", follow_poison },
	{ "oops-kasan-page-fault", follow_into_vmalloc },
	{ "oops-null", follow_null_unwatched },
	{ "oops-page-fault", follow_unmapped_unwatched },
	{ "oops-user", follow_user_unwatched },
	{ "oops-general-protection", follow_poison_unwatched },
	{ "oops-read-only", write_a_constant },
	{ "oops-null-call", call_null },
	{ "oops-jump-to-data", call_data },
	{ "oops-jump-to-nowhere", call_nowhere },
	{ "oops-divide", divide_by_zero },
	{ "oops-invalid-opcode", execute_what_is_forbidden },
	{ "oops-int3", leave_a_breakpoint },
	{ "oops-double-fault", lose_the_stack },
	{ "oops-stack-overflow", overflow_the_stack },
	{ }
};
