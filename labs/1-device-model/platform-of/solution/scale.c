// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hive scales: blocks of the gateway chip, described by the device tree.
 *
 * All that is taken in probe is managed, and taken in the order in which it can be given back:
 * the interrupt comes after the switch, so that it is freed first, and no handler runs for a
 * block that is off. There is nothing left for remove to do.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/interrupt.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/regmap.h>
#include <linux/sysfs.h>

#include "board.h"

#define CELLS_MAX 4
#define READY_POLL_US (2 * USEC_PER_MSEC)
#define READY_TIMEOUT_US (100 * USEC_PER_MSEC)

struct scale;

/* What distinguishes the models; registers are relative to the block. */
struct scale_model {
	unsigned int ctrl, status, events;
	unsigned int enable, ready;
	unsigned int cells;
	int (*read)(const struct scale *scale, unsigned int cell, s32 *count);
};

struct cell {
	bool used;
	u32 mg_per_count;
	s32 zero;
};

struct scale {
	const struct scale_model *model;
	struct regmap *map;
	unsigned int base;
	const char *label;
	atomic_t alarms;
	struct cell cells[CELLS_MAX];
};

static int read_narrow(const struct scale *scale, unsigned int cell, s32 *count)
{
	unsigned int value;
	int err = regmap_read(scale->map, scale->base + 4 + cell, &value);

	*count = value;
	return err;
}

/* Reading the low register keeps the high one as it was then, so the order matters. */
static int read_wide(const struct scale *scale, unsigned int cell, s32 *count)
{
	unsigned int low, high, at = scale->base + 8 + 2 * cell;
	int err = regmap_read(scale->map, at, &low);

	if (!err)
		err = regmap_read(scale->map, at + 1, &high);
	if (!err)
		*count = sign_extend32((high & 0xff) << 16 | low, 23);
	return err;
}

static const struct scale_model scale_100 = {
	.ctrl = 0, .status = 1, .events = 2,
	.enable = BIT(0), .ready = BIT(0),
	.cells = 2,
	.read = read_narrow,
};

static const struct scale_model scale_200 = {
	.status = 0, .ctrl = 1, .events = 2,
	.enable = BIT(7), .ready = BIT(15),
	.cells = 4,
	.read = read_wide,
};

static ssize_t weight_mg_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scale *scale = dev_get_drvdata(dev);
	s64 weight = 0;

	for (unsigned int i = 0; i < scale->model->cells; i++) {
		const struct cell *cell = &scale->cells[i];
		s32 count;
		int err;

		if (!cell->used)
			continue;
		err = scale->model->read(scale, i, &count);
		if (err)
			return err;
		weight += ((s64)count - cell->zero) * cell->mg_per_count;
	}
	return sysfs_emit(buf, "%lld\n", weight);
}
static DEVICE_ATTR_RO(weight_mg);

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct scale *scale = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", scale->label);
}
static DEVICE_ATTR_RO(label);

static ssize_t alarms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct scale *scale = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", atomic_read(&scale->alarms));
}
static DEVICE_ATTR_RO(alarms);

static struct attribute *scale_attrs[] = {
	&dev_attr_weight_mg.attr,
	&dev_attr_label.attr,
	&dev_attr_alarms.attr,
	NULL
};
ATTRIBUTE_GROUPS(scale);

/* Only what was read is acknowledged: there may be another event by now, with its own pulse. */
static irqreturn_t scale_irq(int irq, void *data)
{
	struct scale *scale = data;
	unsigned int at = scale->base + scale->model->events;
	unsigned int events;

	if (regmap_read(scale->map, at, &events) || !events)
		return IRQ_NONE;
	if (regmap_write(scale->map, at, events))
		return IRQ_NONE;
	atomic_add(hweight16(events), &scale->alarms);
	return IRQ_HANDLED;
}

static int read_cells(struct device *dev, struct scale *scale)
{
	unsigned int found = 0;
	u32 n, zero;

	/* Leaving the loop gives the node back, on every way out of it. */
	device_for_each_child_node_scoped(dev, child) {
		struct cell *cell;
		int err;

		err = fwnode_property_read_u32(child, "reg", &n);
		if (err || n >= scale->model->cells || scale->cells[n].used)
			return dev_err_probe(dev, -EINVAL, "%pfwP: no such cell\n", child);
		cell = &scale->cells[n];
		err = fwnode_property_read_u32(child, "apiary,milligrams-per-count",
					       &cell->mg_per_count);
		if (err || !cell->mg_per_count)
			return dev_err_probe(dev, -EINVAL, "%pfwP: no milligrams per count\n",
					     child);
		if (!fwnode_property_read_u32(child, "apiary,zero-count", &zero))
			cell->zero = zero;
		cell->used = true;
		found++;
	}
	return found ? 0 : dev_err_probe(dev, -EINVAL, "no cell\n");
}

static void switch_off(void *data)
{
	struct scale *scale = data;

	regmap_clear_bits(scale->map, scale->base + scale->model->ctrl, scale->model->enable);
}

static int scale_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	const struct scale_model *model;
	struct scale *scale;
	unsigned int status;
	int irq, err;

	scale = devm_kzalloc(dev, sizeof(*scale), GFP_KERNEL);
	if (!scale)
		return -ENOMEM;
	model = device_get_match_data(dev);
	if (!model)
		return -ENODEV;
	scale->model = model;
	scale->map = dev_get_regmap(dev->parent, NULL);
	if (!scale->map)
		return dev_err_probe(dev, -ENODEV, "the parent has no registers\n");
	err = device_property_read_u32(dev, "reg", &scale->base);
	if (err)
		return dev_err_probe(dev, err, "no reg\n");
	/* The text is the tree's, which stays as long as the device. */
	if (device_property_read_string(dev, "label", &scale->label))
		scale->label = dev_name(dev);
	err = read_cells(dev, scale);
	if (err)
		return err;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	platform_set_drvdata(pdev, scale);

	/* CTRL has settings of the factory, too. */
	err = regmap_set_bits(scale->map, scale->base + model->ctrl, model->enable);
	if (err)
		return err;
	err = devm_add_action_or_reset(dev, switch_off, scale);
	if (err)
		return err;
	err = regmap_read_poll_timeout(scale->map, scale->base + model->status, status,
				       status & model->ready, READY_POLL_US, READY_TIMEOUT_US);
	if (err)
		return dev_err_probe(dev, err, "not ready\n");

	/* Reading a register may sleep. */
	return devm_request_threaded_irq(dev, irq, NULL, scale_irq, IRQF_ONESHOT,
					 dev_name(dev), scale);
}

static const struct of_device_id scale_match[] = {
	{ .compatible = "apiary,scale-100", .data = &scale_100 },
	{ .compatible = "apiary,scale-200", .data = &scale_200 },
	{ }
};
MODULE_DEVICE_TABLE(of, scale_match);

static struct platform_driver scale_driver = {
	.driver = {
		.name = "hive-scale",
		.of_match_table = scale_match,
		.dev_groups = scale_groups,
	},
	.probe = scale_probe,
};

static int __init hive_init(void)
{
	int err = platform_driver_register(&scale_driver);

	if (err)
		return err;
	err = board_init();
	if (err)
		platform_driver_unregister(&scale_driver);
	return err;
}
module_init(hive_init);

static void __exit hive_exit(void)
{
	board_exit();
	platform_driver_unregister(&scale_driver);
}
module_exit(hive_exit);

MODULE_DESCRIPTION("Hive scales on an apiary gateway");
MODULE_LICENSE("GPL");
