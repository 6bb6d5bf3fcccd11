// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers are regmap fields, and a model is a set of them.
 * The handler only queues a work item; it is cancelled between the interrupt and the switch, by
 * an action of its own. Alarms are read when somebody asks, too.
 */
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/devm-helpers.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "board.h"

struct layout {
	struct reg_field enable, ready, events;
	struct reg_field low[4], high[4];
	unsigned int cells, bits;
};

struct scale {
	const struct layout *layout;
	struct regmap_field *enable, *ready, *events;
	struct regmap_field *low[4], *high[4];
	u32 mg[4], zero[4];
	char *label;
	struct work_struct look;
	atomic_long_t alarms;
};

static const struct layout narrow = {
	.enable = REG_FIELD(0, 0, 0),
	.ready = REG_FIELD(1, 0, 0),
	.events = REG_FIELD(2, 0, 15),
	.low = { REG_FIELD(4, 0, 15), REG_FIELD(5, 0, 15) },
	.cells = 2,
	.bits = 16,
};

static const struct layout wide = {
	.enable = REG_FIELD(1, 7, 7),
	.ready = REG_FIELD(0, 15, 15),
	.events = REG_FIELD(2, 0, 15),
	.low = {
		REG_FIELD(8, 0, 15), REG_FIELD(10, 0, 15),
		REG_FIELD(12, 0, 15), REG_FIELD(14, 0, 15),
	},
	.high = {
		REG_FIELD(9, 0, 7), REG_FIELD(11, 0, 7),
		REG_FIELD(13, 0, 7), REG_FIELD(15, 0, 7),
	},
	.cells = 4,
	.bits = 24,
};

static ssize_t weight_mg_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct scale *scale = dev_get_drvdata(dev);
	s64 sum = 0;

	for (unsigned int i = 0; i < scale->layout->cells; i++) {
		unsigned int low, high = 0;
		s64 count;
		int err;

		if (!scale->mg[i])
			continue;
		err = regmap_field_read(scale->low[i], &low);
		if (!err && scale->high[i])
			err = regmap_field_read(scale->high[i], &high);
		if (err)
			return err;
		count = low | high << 16;
		if (scale->high[i])
			count = sign_extend64(count, scale->layout->bits - 1);
		sum += count * scale->mg[i] - (s64)scale->zero[i] * scale->mg[i];
	}
	return sysfs_emit(buf, "%lld\n", sum);
}
static DEVICE_ATTR_RO(weight_mg);

static ssize_t label_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", ((struct scale *)dev_get_drvdata(dev))->label);
}
static DEVICE_ATTR_RO(label);

static void look(struct work_struct *work)
{
	struct scale *scale = container_of(work, struct scale, look);
	unsigned int events;

	if (regmap_field_read(scale->events, &events) || !events)
		return;
	regmap_field_force_write(scale->events, events);
	atomic_long_add(hweight_long(events), &scale->alarms);
}

static ssize_t alarms_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct scale *scale = dev_get_drvdata(dev);

	queue_work(system_long_wq, &scale->look);
	flush_work(&scale->look);
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&scale->alarms));
}
static DEVICE_ATTR_RO(alarms);

static struct attribute *scale_attrs[] = {
	&dev_attr_weight_mg.attr, &dev_attr_label.attr, &dev_attr_alarms.attr, NULL
};

static const struct attribute_group scale_group = { .attrs = scale_attrs };

static irqreturn_t scale_irq(int irq, void *data)
{
	struct scale *scale = data;

	queue_work(system_long_wq, &scale->look);
	return IRQ_HANDLED;
}

static int find_cells(struct device_node *parent, struct scale *scale)
{
	bool some = false;
	u32 n;

	for_each_available_child_of_node_scoped(parent, node) {
		if (of_property_read_u32(node, "reg", &n) || n >= scale->layout->cells)
			return -EINVAL;
		if (of_property_read_u32(node, "apiary,milligrams-per-count", &scale->mg[n]) ||
		    !scale->mg[n])
			return -EINVAL;
		of_property_read_u32(node, "apiary,zero-count", &scale->zero[n]);
		some = true;
	}
	return some ? 0 : -EINVAL;
}

static struct regmap_field *field_of(struct device *dev, struct regmap *map, u32 base,
				     struct reg_field field)
{
	field.reg += base;
	return devm_regmap_field_alloc(dev, map, field);
}

static int make_fields(struct device *dev, struct regmap *map, u32 base, struct scale *scale)
{
	const struct layout *layout = scale->layout;

	scale->enable = field_of(dev, map, base, layout->enable);
	scale->ready = field_of(dev, map, base, layout->ready);
	scale->events = field_of(dev, map, base, layout->events);
	if (IS_ERR(scale->enable) || IS_ERR(scale->ready) || IS_ERR(scale->events))
		return -ENOMEM;
	for (unsigned int i = 0; i < layout->cells; i++) {
		scale->low[i] = field_of(dev, map, base, layout->low[i]);
		if (IS_ERR(scale->low[i]))
			return -ENOMEM;
		if (layout->bits <= 16)
			continue;
		scale->high[i] = field_of(dev, map, base, layout->high[i]);
		if (IS_ERR(scale->high[i]))
			return -ENOMEM;
	}
	return 0;
}

static void switch_off(void *enable)
{
	regmap_field_write(enable, 0);
}

static int probe(struct platform_device *pdev, const struct layout *layout)
{
	struct device *dev = &pdev->dev;
	struct regmap *map = dev_get_regmap(dev->parent, NULL);
	struct scale *scale;
	unsigned int ready;
	const char *label;
	u32 base;
	int irq, err;

	scale = devm_kzalloc(dev, sizeof(*scale), GFP_KERNEL);
	if (!scale || !map)
		return scale ? -ENODEV : -ENOMEM;
	scale->layout = layout;
	platform_set_drvdata(pdev, scale);

	if (of_property_read_u32(dev->of_node, "reg", &base))
		return -EINVAL;
	if (of_property_read_string(dev->of_node, "label", &label))
		label = dev_name(dev);
	scale->label = devm_kstrdup(dev, label, GFP_KERNEL);
	if (!scale->label)
		return -ENOMEM;
	err = find_cells(dev->of_node, scale);
	if (err)
		return err;
	err = make_fields(dev, map, base, scale);
	if (err)
		return err;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;

	err = regmap_field_write(scale->enable, 1);
	if (err)
		return err;
	err = devm_add_action_or_reset(dev, switch_off, scale->enable);
	if (err)
		return err;
	err = devm_work_autocancel(dev, &scale->look, look);
	if (err)
		return err;
	err = devm_request_irq(dev, irq, scale_irq, 0, dev_name(dev), scale);
	if (err)
		return err;
	err = regmap_field_read_poll_timeout(scale->ready, ready, ready, 5000, 150000);
	if (err)
		return err;
	return devm_device_add_group(dev, &scale_group);
}

static int probe_any(struct platform_device *pdev)
{
	return probe(pdev, of_device_is_compatible(pdev->dev.of_node, "apiary,scale-200") ?
		     &wide : &narrow);
}

static const struct of_device_id scale_match[] = {
	{ .compatible = "apiary,scale-200" },
	{ .compatible = "apiary,scale-100" },
	{ }
};
MODULE_DEVICE_TABLE(of, scale_match);

static struct platform_driver scale_driver = {
	.driver = {
		.name = "hive-scale",
		.of_match_table = scale_match,
	},
	.probe = probe_any,
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
