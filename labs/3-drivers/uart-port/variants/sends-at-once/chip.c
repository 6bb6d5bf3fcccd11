// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two serial ports, wired to each other: a model of hardware, and not part of the
 * driver. Parameters of the module set what kind of chip it is and what disturbs it.
 */
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include "chip.h"

#define FIFO_MAX 64
#define FRAME_BITS 10
#define BURST 4	/* bytes that are on the line at one time: the model's grain */
#define AGAIN_US 1000	/* until an interrupt is sent again that changed nothing */

struct port {
	u32 control, enable, divisor;
	bool cts_changed;
	u8 sending[FIFO_MAX];
	unsigned int to_send;
	u8 line_bytes[BURST];
	unsigned int on_line;
	u16 receiving[FIFO_MAX];
	unsigned int received;
	bool overrun;			/* to be told with the next byte */
	struct hrtimer line;		/* the end of what is on the line */
	struct hrtimer interrupt;
	bool again;			/* it is one that was sent already, and had no effect */
};

static DEFINE_RAW_SPINLOCK(lock);
static struct port ports[CHIP_PORTS];
static struct irq_domain *domain;
static int irqs[CHIP_PORTS];

static uint clock = 1843200;
module_param(clock, uint, 0444);
static uint fifo = 16;
module_param(fifo, uint, 0444);
static uint latency_us = 20;
module_param(latency_us, uint, 0644);
MODULE_PARM_DESC(latency_us, "how long an interrupt takes to arrive");
static uint noise;
module_param(noise, uint, 0644);
MODULE_PARM_DESC(noise, "how many of the next bytes arrive without a stop bit");
static uint deaf;
module_param(deaf, uint, 0644);
MODULE_PARM_DESC(deaf, "how many of the next bytes are lost as if the receiving FIFO were full");
static uint overruns;
module_param(overruns, uint, 0644);
MODULE_PARM_DESC(overruns, "bytes lost because a receiving FIFO was full");
static uint spilled;
module_param(spilled, uint, 0644);
MODULE_PARM_DESC(spilled, "bytes lost because a sending FIFO was full, off, or turned off");
static uint interrupts;
module_param(interrupts, uint, 0644);
MODULE_PARM_DESC(interrupts, "interrupts sent");

static uint unsent;
module_param(unsent, uint, 0444);
MODULE_PARM_DESC(unsent, "bytes in the sending FIFOs and on the line when `note` was written");

static int note_set(const char *value, const struct kernel_param *param)
{
	unsigned int i;

	raw_spin_lock_irq(&lock);
	unsent = 0;
	for (i = 0; i < CHIP_PORTS; i++)
		unsent += ports[i].to_send + ports[i].on_line;
	raw_spin_unlock_irq(&lock);
	return 0;
}

static const struct kernel_param_ops note_ops = { .set = note_set };
module_param_cb(note, &note_ops, NULL, 0200);

static int rates_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%u %u\n", clock / 16 / max(ports[0].divisor, 1u),
			  clock / 16 / max(ports[1].divisor, 1u));
}

static const struct kernel_param_ops rates_ops = { .get = rates_get };
module_param_cb(rates, &rates_ops, NULL, 0444);
MODULE_PARM_DESC(rates, "bit rates of the two ports");

static struct port *other(struct port *port)
{
	return &ports[1 - (port - ports)];
}

static u32 causes(struct port *port)
{
	return (port->received ? CAUSE_RECEIVED : 0) |
	       (port->to_send <= fifo / 2 ? CAUSE_ROOM : 0) |
	       (port->cts_changed ? CAUSE_CTS : 0);
}

static void interrupt_after(struct port *port, unsigned int microseconds)
{
	hrtimer_start(&port->interrupt, ns_to_ktime(microseconds * (u64)NSEC_PER_USEC),
		      HRTIMER_MODE_REL_HARD);
}

/* Makes the interrupt that is due come soon. */
static void consider(struct port *port)
{
	if (!(causes(port) & port->enable))
		return;
	if (hrtimer_is_queued(&port->interrupt) && !port->again)
		return;
	port->again = false;
	interrupt_after(port, max(latency_us, 20u));
}

static enum hrtimer_restart interrupt_due(struct hrtimer *timer)
{
	struct port *port = container_of(timer, struct port, interrupt);
	bool due;

	raw_spin_lock(&lock);
	due = causes(port) & port->enable;
	if (due) {
		interrupts++;
		port->again = true;
		interrupt_after(port, AGAIN_US);
	}
	raw_spin_unlock(&lock);
	/* The handler runs when this returns. */
	if (due)
		irq_set_irqchip_state(irqs[port - ports], IRQCHIP_STATE_PENDING, true);
	return HRTIMER_NORESTART;
}

static void begin_burst(struct port *port)
{
	u64 bit;

	if (port->on_line || !port->to_send || !port->divisor)
		return;
	bit = div_u64(16 * (u64)NSEC_PER_SEC * port->divisor, clock);
	port->on_line = min(port->to_send, BURST);
	memcpy(port->line_bytes, port->sending, port->on_line);
	port->to_send -= port->on_line;
	memmove(port->sending, port->sending + port->on_line, port->to_send);
	hrtimer_start(&port->line, ns_to_ktime(port->on_line * FRAME_BITS * bit),
		      HRTIMER_MODE_REL_HARD);
}

static void receive(struct port *port, u32 divisor, u16 data)
{
	if (!(port->control & CONTROL_RECEIVE))
		return;
	if (divisor != port->divisor)
		data = (data ^ 0x5a) | DATA_FRAMING;
	if (noise) {
		noise--;
		data |= DATA_FRAMING;
	}
	if (deaf || port->received == fifo) {
		port->overrun = true;
		if (deaf)
			deaf--;
		else
			overruns++;
		return;
	}
	if (port->overrun)
		data |= DATA_OVERRUN;
	port->overrun = false;
	port->receiving[port->received++] = data;
	consider(port);
}

static enum hrtimer_restart burst_over(struct hrtimer *timer)
{
	struct port *port = container_of(timer, struct port, line);
	unsigned int i;

	raw_spin_lock(&lock);
	for (i = 0; i < port->on_line; i++)
		receive(other(port), port->divisor, port->line_bytes[i]);
	port->on_line = 0;
	begin_burst(port);
	consider(port);
	raw_spin_unlock(&lock);
	return HRTIMER_NORESTART;
}

static void control(struct port *port, u32 value)
{
	if ((port->control ^ value) & CONTROL_RTS) {
		other(port)->cts_changed = true;
		consider(other(port));
	}
	port->control = value;
	if (!(value & CONTROL_RECEIVE)) {
		port->received = 0;
		port->overrun = false;
	}
	if (!(value & CONTROL_SEND)) {
		spilled += port->to_send + port->on_line;
		port->to_send = 0;
		port->on_line = 0;
		hrtimer_try_to_cancel(&port->line);
	}
}

u32 chip_read(unsigned int number, enum chip_register which)
{
	struct port *port = &ports[number];
	unsigned long flags;
	u32 value = 0;

	raw_spin_lock_irqsave(&lock, flags);
	switch (which) {
	case CHIP_DATA:
		if (WARN_ONCE(!port->received, "a byte was read that is not there"))
			break;
		value = port->receiving[0];
		memmove(port->receiving, port->receiving + 1, --port->received * sizeof(u16));
		break;
	case CHIP_STATUS:
		value = (port->received ? STATUS_RECEIVED : 0) |
			(port->to_send < fifo ? STATUS_ROOM : 0) |
			(!port->to_send && !port->on_line ? STATUS_IDLE : 0) |
			(other(port)->control & CONTROL_RTS ? STATUS_CTS : 0);
		break;
	case CHIP_CONTROL:
		value = port->control;
		break;
	case CHIP_ENABLE:
		value = port->enable;
		break;
	case CHIP_CAUSE:
		value = causes(port);
		break;
	case CHIP_DIVISOR:
		value = port->divisor;
		break;
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return value;
}

void chip_write(unsigned int number, enum chip_register which, u32 value)
{
	struct port *port = &ports[number];
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	switch (which) {
	case CHIP_DATA:
		if (port->to_send == fifo || !(port->control & CONTROL_SEND))
			spilled++;
		else
			port->sending[port->to_send++] = value;
		begin_burst(port);
		break;
	case CHIP_CONTROL:
		control(port, value);
		break;
	case CHIP_ENABLE:
		port->enable = value;
		break;
	case CHIP_CAUSE:
		if (value & CAUSE_CTS)
			port->cts_changed = false;
		break;
	case CHIP_DIVISOR:
		port->divisor = value & 0xffff;
		break;
	case CHIP_STATUS:
		break;
	}
	consider(port);
	raw_spin_unlock_irqrestore(&lock, flags);
}

int chip_power_on(struct chip_facts *facts)
{
	unsigned int i;

	if (fifo < 8 || fifo > FIFO_MAX || clock < 16 * 115200)
		return -EINVAL;
	domain = irq_domain_create_sim(NULL, CHIP_PORTS);
	if (IS_ERR(domain))
		return PTR_ERR(domain);
	*facts = (struct chip_facts) { .clock = clock, .fifo = fifo };
	for (i = 0; i < CHIP_PORTS; i++) {
		struct port *port = &ports[i];

		irqs[i] = irq_create_mapping(domain, i);
		facts->irq[i] = irqs[i];
		hrtimer_init(&port->line, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
		hrtimer_init(&port->interrupt, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
		port->line.function = burst_over;
		port->interrupt.function = interrupt_due;
	}
	return 0;
}

void chip_power_off(void)
{
	unsigned int i;

	for (i = 0; i < CHIP_PORTS; i++) {
		chip_write(i, CHIP_ENABLE, 0);
		chip_write(i, CHIP_CONTROL, 0);
		hrtimer_cancel(&ports[i].line);
		hrtimer_cancel(&ports[i].interrupt);
		irq_dispose_mapping(irqs[i]);
	}
	irq_domain_remove_sim(domain);
}
