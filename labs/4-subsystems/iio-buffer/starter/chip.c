// SPDX-License-Identifier: GPL-2.0-only
/*
 * The chip on the mast, which is not part of the driver: registers behind a regmap of the parent
 * of a platform device, and an interrupt. The world around it is /dev/weather. Lines that are
 * written there are what happens; numbers are decimal:
 *
 *   sample PRESSURE TEMPERATURE HUMIDITY   the chip has measured these values
 *   slow MS                                how long the read of a register of DATA takes
 *
 * What is read is the state: "RUN READS PULSED", which are 0 or 1, how many registers of DATA
 * were read, and when the line gave its last pulse (CLOCK_MONOTONIC, in ns).
 */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chip.h"

#define CTRL 0x01
#define RUN 0x01
#define DATA 0x10
#define DATA_SIZE 6

static struct {
	struct mutex lock;	/* for all that follows */
	bool run;
	u8 data[DATA_SIZE];
	u8 frozen[DATA_SIZE];	/* as they were when the first of them was read */
	unsigned int reads;
	unsigned int slow;	/* in ms */
	u64 pulsed;
} chip = { .lock = __MUTEX_INITIALIZER(chip.lock) };

static struct platform_device *parent, *device;
static struct regmap *map;
static struct irq_domain *domain;
static unsigned int irq;

static int chip_read(void *context, unsigned int reg, unsigned int *value)
{
	unsigned int slow;

	if (reg == CTRL) {
		guard(mutex)(&chip.lock);
		*value = chip.run ? RUN : 0;
		return 0;
	}
	if (WARN_ONCE(reg < DATA || reg >= DATA + DATA_SIZE,
		      "mast: there is no register at %#x", reg))
		return -EIO;
	scoped_guard(mutex, &chip.lock) {
		if (WARN_ONCE(!chip.run, "mast: DATA was read while the chip was stopped"))
			return -EIO;
		if (reg == DATA)
			memcpy(chip.frozen, chip.data, DATA_SIZE);
		*value = chip.frozen[reg - DATA];
		chip.reads++;
		slow = chip.slow;
	}
	if (slow)
		msleep(slow);
	return 0;
}

static int chip_write(void *context, unsigned int reg, unsigned int value)
{
	if (WARN_ONCE(reg != CTRL, "mast: a write to %#x, which can only be read", reg))
		return -EIO;
	guard(mutex)(&chip.lock);
	chip.run = value & RUN;
	return 0;
}

static const struct regmap_config chip_config = {
	.reg_bits = 8,
	.val_bits = 8,
	.max_register = DATA + DATA_SIZE - 1,
	.reg_read = chip_read,
	.reg_write = chip_write,
};

static int happen(const char *text)
{
	int pressure, temperature, humidity;

	guard(mutex)(&chip.lock);
	if (sscanf(text, "slow %u", &chip.slow) == 1)
		return 0;
	if (sscanf(text, "sample %d %d %d", &pressure, &temperature, &humidity) != 3)
		return -EINVAL;
	/* 20 bits and 12 bits, at the upper end of their registers; below is what is there */
	pressure = pressure << 4 | 0x9;
	temperature = temperature << 4 | 0x6;
	chip.data[0] = pressure >> 16;
	chip.data[1] = pressure >> 8;
	chip.data[2] = pressure;
	chip.data[3] = temperature >> 8;
	chip.data[4] = temperature;
	chip.data[5] = humidity;
	if (chip.run) {
		chip.pulsed = ktime_get_ns();
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
	}
	return 0;
}

static ssize_t weather_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *text __free(kfree) = NULL, *rest, *line;
	int err = 0;

	if (count > PAGE_SIZE)
		return -EFBIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(no_free_ptr(text));
	for (rest = text; !err && (line = strsep(&rest, "\n"));)
		err = *line ? happen(line) : 0;
	return err ?: count;
}

static ssize_t weather_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[64];
	int length;

	scoped_guard(mutex, &chip.lock)
		length = scnprintf(text, sizeof(text), "%d %u %llu\n", chip.run, chip.reads,
				   chip.pulsed);
	return simple_read_from_buffer(buf, count, pos, text, length);
}

static const struct file_operations weather_fops = {
	.owner = THIS_MODULE,
	.read = weather_read,
	.write = weather_write,
};

static struct miscdevice weather_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "weather",
	.fops = &weather_fops,
};

int chip_init(void)
{
	struct platform_device_info info = { .name = "mast", .id = PLATFORM_DEVID_NONE };
	struct resource line;
	int err;

	parent = platform_device_register_simple("mast-chip", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(parent))
		return PTR_ERR(parent);
	map = regmap_init(&parent->dev, NULL, NULL, &chip_config);
	err = PTR_ERR_OR_ZERO(map);
	if (err)
		goto no_map;
	domain = irq_domain_create_sim(NULL, 1);
	err = PTR_ERR_OR_ZERO(domain);
	if (err)
		goto no_domain;
	irq = irq_create_mapping(domain, 0);
	err = -ENOMEM;
	if (!irq)
		goto no_irq;
	line = DEFINE_RES_IRQ(irq);
	info.parent = &parent->dev;
	info.res = &line;
	info.num_res = 1;
	device = platform_device_register_full(&info);
	err = PTR_ERR_OR_ZERO(device);
	if (err)
		goto no_device;
	err = misc_register(&weather_device);
	if (!err)
		return 0;
	platform_device_unregister(device);
no_device:
	irq_dispose_mapping(irq);
no_irq:
	irq_domain_remove_sim(domain);
no_domain:
	regmap_exit(map);
no_map:
	platform_device_unregister(parent);
	return err;
}

void chip_exit(void)
{
	misc_deregister(&weather_device);
	platform_device_unregister(device);
	irq_dispose_mapping(irq);
	irq_domain_remove_sim(domain);
	regmap_exit(map);
	platform_device_unregister(parent);
}
