// SPDX-License-Identifier: GPL-2.0-only
/* Counts the edges of a line, and looks at another one. */
#include <linux/gpio/consumer.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static uint falls;
static struct gpio_desc *other;
module_param(falls, uint, 0444);

static int get_level(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", other ? gpiod_get_value_cansleep(other) : -1);
}

static const struct kernel_param_ops level_ops = { .get = get_level };
module_param_cb(level, &level_ops, NULL, 0444);

static irqreturn_t peer_fall(int irq, void *data)
{
	falls++;
	return IRQ_HANDLED;
}

static int peer_probe(struct platform_device *pdev)
{
	struct gpio_desc *key = devm_gpiod_get(&pdev->dev, "key", GPIOD_IN);

	if (IS_ERR(key))
		return PTR_ERR(key);
	other = devm_gpiod_get(&pdev->dev, "door", GPIOD_IN);
	if (IS_ERR(other))
		return PTR_ERR(other);
	return devm_request_irq(&pdev->dev, gpiod_to_irq(key), peer_fall, IRQF_TRIGGER_FALLING, "peer", NULL);
}

static struct platform_driver peer_driver = {
	.driver = { .name = "peer" },
	.probe = peer_probe,
};
module_platform_driver(peer_driver);

MODULE_DESCRIPTION("Peer of lines");
MODULE_LICENSE("GPL");
