/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A canary is one mistake, made on purpose, and named like the sample of its report.
 *
 * A comment marks the line that the report must lead to: HERE for the mistake itself, ALLOCATED and
 * FREED for what the object went through, each with the name of the canary.
 */
#ifndef CANARIES_H
#define CANARIES_H

#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/types.h>

struct canary {
	const char *name;
	void (*commit)(void);
};

/* Each family ends with an entry without a name. */
extern const struct canary memory_canaries[];
extern const struct canary check_canaries[];
extern const struct canary locking_canaries[];
extern const struct canary context_canaries[];
extern const struct canary fault_canaries[];
extern const struct canary object_canaries[];
extern const struct canary device_canaries[];
extern const struct canary race_canaries[];

/* What is to be undone at unload; what a canary leaves behind on purpose is not. */
void undo_devices(void);

/* A value that the compiler knows nothing about, so that it neither warns nor leaves the mistake out. */
#define unknown(value)				\
({						\
	typeof(value) __value = (value);	\
						\
	OPTIMIZER_HIDE_VAR(__value);		\
	__value;				\
})

/* A function that KASAN does not watch, so that the processor or another detector has to notice. */
#define unwatched noinline __no_sanitize_address

/* A loop that does not let go of the processor. It halts, because that costs the emulator little. */
#define loop_for(ms)								\
do {										\
	u64 __end = get_jiffies_64() + msecs_to_jiffies(ms);			\
										\
	while (time_before64(get_jiffies_64(), __end))				\
		asm volatile("hlt" ::: "memory");				\
} while (0)

#endif
