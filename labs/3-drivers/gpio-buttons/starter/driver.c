// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glove panels: buttons on GPIO lines that bounce, as an input device.
 *
 * The driver binds, and an empty input device is there; its buttons are yours to make. See
 * brief.md.
 */
#include <linux/input.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include "firmware.h"

static int panel_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct input_dev *input = devm_input_allocate_device(dev);

	if (!input)
		return -ENOMEM;
	input->name = dev_name(dev);
	input->id.bustype = BUS_HOST;
	/* TODO: the buttons: codes, lines, interrupts; who is told of what, and when? */
	return input_register_device(input);
}

static const struct of_device_id panel_match[] = {
	{ .compatible = "halden,glove-panel" },
	{ }
};
MODULE_DEVICE_TABLE(of, panel_match);

static struct platform_driver panel_driver = {
	.driver = {
		.name = "glove-panel",
		.of_match_table = panel_match,
	},
	.probe = panel_probe,
};

static int __init panel_init(void)
{
	int err = platform_driver_register(&panel_driver);

	if (err)
		return err;
	err = firmware_init();
	if (err)
		platform_driver_unregister(&panel_driver);
	return err;
}
module_init(panel_init);

static void __exit panel_exit(void)
{
	firmware_exit();
	platform_driver_unregister(&panel_driver);
}
module_exit(panel_exit);

MODULE_DESCRIPTION("Glove panels with buttons on GPIO lines");
MODULE_LICENSE("GPL");
