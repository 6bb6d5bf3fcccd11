// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hive scales: blocks of the gateway chip, described by the device tree.
 *
 * The driver is registered; which devices it is for, and what it does with them, is yours
 * to say. See brief.md.
 */
#include <linux/module.h>
#include <linux/platform_device.h>

#include "board.h"

static int scale_probe(struct platform_device *pdev)
{
	/* TODO: what the node says, what the block needs, and all of it back if something fails */
	return -ENODEV;
}

static struct platform_driver scale_driver = {
	.driver = {
		.name = "hive-scale",
		/* TODO: which nodes, and which files */
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
