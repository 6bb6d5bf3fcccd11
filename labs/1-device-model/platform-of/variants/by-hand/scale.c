// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without managed resources: probe undoes by hand what it did, and so does remove. Cells are a
 * list of those that are used, and the nodes are read with the functions for device trees.
 */
#include <linux/bitops.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "board.h"

enum kind { NARROW, WIDE };

struct cell {
	struct list_head in_scale;
	u32 number, mg, zero;
};

struct scale {
	enum kind kind;
	struct regmap *map;
	u32 base;
	int irq;
	struct mutex lock;	/* for the alarms, and for the two halves of a count */
	unsigned long alarms;
	struct list_head cells;
};

static unsigned int ctrl_of(const struct scale *scale)
{
	return scale->base + (scale->kind == WIDE ? 1 : 0);
}

static unsigned int enable_of(const struct scale *scale)
{
	return scale->kind == WIDE ? 0x80 : 0x01;
}

static int read_count(struct scale *scale, u32 cell, s64 *count)
{
	u16 value[2];
	unsigned int word;
	int err;

	if (scale->kind == NARROW) {
		err = regmap_read(scale->map, scale->base + 4 + cell, &word);
		*count = word;
		return err;
	}
	err = regmap_bulk_read(scale->map, scale->base + 8 + 2 * cell, value, 2);
	if (err)
		return err;
	*count = value[0] | (value[1] & 0xff) << 16;
	if (value[1] & 0x80)
		*count -= 1 << 24;
	return 0;
}

static ssize_t weight_mg_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct scale *scale = dev_get_drvdata(dev);
	struct cell *cell;
	s64 count, sum = 0;
	int err = 0;

	mutex_lock(&scale->lock);
	list_for_each_entry(cell, &scale->cells, in_scale) {
		err = read_count(scale, cell->number, &count);
		if (err)
			break;
		sum += (count - cell->zero) * cell->mg;
	}
	mutex_unlock(&scale->lock);
	return err ?: sysfs_emit(buf, "%lld\n", sum);
}
static DEVICE_ATTR_RO(weight_mg);

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const char *label;

	if (of_property_read_string(dev->of_node, "label", &label))
		label = dev_name(dev);
	return sysfs_emit(buf, "%s\n", label);
}
static DEVICE_ATTR_RO(label);

static ssize_t alarms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct scale *scale = dev_get_drvdata(dev);
	unsigned long alarms;

	mutex_lock(&scale->lock);
	alarms = scale->alarms;
	mutex_unlock(&scale->lock);
	return sysfs_emit(buf, "%lu\n", alarms);
}
static DEVICE_ATTR_RO(alarms);

static struct attribute *scale_attrs[] = {
	&dev_attr_weight_mg.attr, &dev_attr_label.attr, &dev_attr_alarms.attr, NULL
};

static const struct attribute_group scale_group = { .attrs = scale_attrs };

/* Until there is nothing left: what comes meanwhile is found here, or by the next pulse. */
static irqreturn_t scale_thread(int irq, void *data)
{
	struct scale *scale = data;
	unsigned int events, at = scale->base + 2;

	while (!regmap_read(scale->map, at, &events) && events) {
		regmap_write(scale->map, at, events);
		mutex_lock(&scale->lock);
		for (; events; events &= events - 1)
			scale->alarms++;
		mutex_unlock(&scale->lock);
	}
	return IRQ_HANDLED;
}

static void forget_cells(struct scale *scale)
{
	struct cell *cell, *next;

	list_for_each_entry_safe(cell, next, &scale->cells, in_scale)
		kfree(cell);
}

static int add_cell(struct scale *scale, struct device_node *node)
{
	struct cell *cell = kzalloc(sizeof(*cell), GFP_KERNEL);

	if (!cell)
		return -ENOMEM;
	list_add(&cell->in_scale, &scale->cells);
	of_property_read_u32(node, "apiary,zero-count", &cell->zero);
	if (of_property_read_u32(node, "reg", &cell->number) ||
	    of_property_read_u32(node, "apiary,milligrams-per-count", &cell->mg))
		return -EINVAL;
	if (!cell->mg || cell->number >= (scale->kind == WIDE ? 4 : 2))
		return -EINVAL;
	return 0;
}

static int add_cells(struct scale *scale, struct device_node *parent)
{
	struct device_node *node;
	int err;

	for_each_available_child_of_node(parent, node) {
		err = add_cell(scale, node);
		if (err) {
			of_node_put(node);
			return err;
		}
	}
	return list_empty(&scale->cells) ? -EINVAL : 0;
}

static int wait_until_ready(struct scale *scale)
{
	unsigned int at = scale->base + (scale->kind == WIDE ? 0 : 1);
	unsigned int ready = scale->kind == WIDE ? 0x8000 : 0x0001;
	unsigned long end = jiffies + msecs_to_jiffies(200);
	unsigned int status;
	bool last;
	int err;

	do {
		last = time_after(jiffies, end);
		err = regmap_read(scale->map, at, &status);
		if (err)
			return err;
		if (status & ready)
			return 0;
		usleep_range(1000, 3000);
	} while (!last);
	return -ETIMEDOUT;
}

static void switch_off(struct scale *scale)
{
	regmap_update_bits(scale->map, ctrl_of(scale), enable_of(scale), 0);
}

static int scale_probe(struct platform_device *pdev)
{
	struct device_node *node = pdev->dev.of_node;
	struct scale *scale = kzalloc(sizeof(*scale), GFP_KERNEL);
	int err;

	if (!scale)
		return -ENOMEM;
	INIT_LIST_HEAD(&scale->cells);
	mutex_init(&scale->lock);
	scale->kind = (uintptr_t)of_device_get_match_data(&pdev->dev);
	scale->map = dev_get_regmap(pdev->dev.parent, NULL);
	err = -ENODEV;
	if (!scale->map)
		goto free;
	err = of_property_read_u32(node, "reg", &scale->base);
	if (err)
		goto free;
	err = add_cells(scale, node);
	if (err)
		goto free;
	scale->irq = platform_get_irq(pdev, 0);
	if (scale->irq < 0) {
		err = scale->irq;
		goto free;
	}
	err = regmap_update_bits(scale->map, ctrl_of(scale), enable_of(scale), enable_of(scale));
	if (err)
		goto free;
	err = wait_until_ready(scale);
	if (err)
		goto off;
	err = request_threaded_irq(scale->irq, NULL, scale_thread, IRQF_ONESHOT, "scale", scale);
	if (err)
		goto off;
	platform_set_drvdata(pdev, scale);
	err = device_add_group(&pdev->dev, &scale_group);
	if (err)
		goto irq;
	return 0;
irq:
	free_irq(scale->irq, scale);
off:
	switch_off(scale);
free:
	forget_cells(scale);
	kfree(scale);
	return err;
}

static void scale_remove(struct platform_device *pdev)
{
	struct scale *scale = platform_get_drvdata(pdev);

	device_remove_group(&pdev->dev, &scale_group);
	free_irq(scale->irq, scale);
	switch_off(scale);
	forget_cells(scale);
	kfree(scale);
}

static const struct of_device_id scale_match[] = {
	{ .compatible = "apiary,scale-100", .data = (void *)NARROW },
	{ .compatible = "apiary,scale-200", .data = (void *)WIDE },
	{ }
};
MODULE_DEVICE_TABLE(of, scale_match);

static struct platform_driver scale_driver = {
	.driver = {
		.name = "hive-scale",
		.of_match_table = scale_match,
	},
	.probe = scale_probe,
	.remove = scale_remove,
};

static int __init hive_init(void)
{
	int err = board_init();

	if (err)
		return err;
	err = platform_driver_register(&scale_driver);
	if (err)
		board_exit();
	return err;
}
module_init(hive_init);

static void __exit hive_exit(void)
{
	platform_driver_unregister(&scale_driver);
	board_exit();
}
module_exit(hive_exit);

MODULE_DESCRIPTION("Hive scales on an apiary gateway");
MODULE_LICENSE("GPL");
