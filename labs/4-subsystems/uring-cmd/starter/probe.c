// SPDX-License-Identifier: GPL-2.0-only
/*
 * The thermometer of a kiln: a model of hardware, and not part of the driver. The
 * fire is made with the module's parameters.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "probe.h"

static DEFINE_RAW_SPINLOCK(lock);
static struct probe_reading reading;
static struct irq_domain *domain;
static int interrupt;
static atomic_t trimming;

static uint trim_ms = 40;
module_param(trim_ms, uint, 0644);
MODULE_PARM_DESC(trim_ms, "how long trimming takes");
static uint deviation;
module_param(deviation, uint, 0644);
MODULE_PARM_DESC(deviation, "what trimming finds");

static int heat_set(const char *value, const struct kernel_param *param)
{
	unsigned int degrees;
	int err = kstrtouint(value, 0, &degrees);

	if (err)
		return err;
	if (!domain)
		return -ENODEV;
	raw_spin_lock_irq(&lock);
	reading.degrees = degrees;
	reading.number++;
	raw_spin_unlock_irq(&lock);
	return irq_set_irqchip_state(interrupt, IRQCHIP_STATE_PENDING, true);
}

static const struct kernel_param_ops heat_ops = { .set = heat_set };
module_param_cb(heat, &heat_ops, NULL, 0200);
MODULE_PARM_DESC(heat, "makes a measurement of so many degrees");

struct probe_reading probe_read(void)
{
	struct probe_reading copy;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	copy = reading;
	raw_spin_unlock_irqrestore(&lock, flags);
	return copy;
}

int probe_trim(void)
{
	int others = atomic_fetch_inc(&trimming);

	WARN_ONCE(others, "the thermometer is being trimmed twice at one time");
	msleep(trim_ms);
	atomic_dec(&trimming);
	return deviation;
}

int probe_power_on(int *irq)
{
	domain = irq_domain_create_sim(NULL, 1);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	interrupt = irq_create_mapping(domain, 0);
	*irq = interrupt;
	return 0;
}

void probe_power_off(void)
{
	irq_dispose_mapping(interrupt);
	irq_domain_remove_sim(domain);
}
