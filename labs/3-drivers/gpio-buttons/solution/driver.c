// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glove panels: buttons on GPIO lines that bounce, as an input device.
 *
 * Each edge on a line starts the button's time anew; when it is over, nothing has happened on the
 * line for so long, and its level counts. The level is read then and not in the handler: reading a
 * line may sleep. Interrupts are on only while somebody has the device open.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/gpio/consumer.h>
#include <linux/input.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "firmware.h"

#define DEBOUNCE_DEFAULT_MS 30

struct button {
	struct input_dev *input;
	struct gpio_desc *line;
	struct delayed_work settled;
	unsigned long debounce;	/* in jiffies */
	u32 code;
	int irq;
};

struct panel {
	struct gpio_desc *power;	/* NULL if it needs none */
	unsigned int count;
	struct button buttons[] __counted_by(count);
};

static void button_settled(struct work_struct *work)
{
	struct button *button = container_of(to_delayed_work(work), struct button, settled);
	int pressed = gpiod_get_value_cansleep(button->line);

	if (pressed < 0)
		return;
	/* A state that the core knows already is no event. */
	input_report_key(button->input, button->code, pressed);
	input_sync(button->input);
}

static irqreturn_t button_irq(int irq, void *data)
{
	struct button *button = data;

	mod_delayed_work(system_wq, &button->settled, button->debounce);
	return IRQ_HANDLED;
}

static int panel_open(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);

	gpiod_set_value_cansleep(panel->power, 1);
	for (unsigned int i = 0; i < panel->count; i++) {
		struct button *button = &panel->buttons[i];

		enable_irq(button->irq);
		/* What happened while nobody listened. */
		mod_delayed_work(system_wq, &button->settled, button->debounce);
	}
	return 0;
}

/* Nothing can start the work again when its interrupt is off, so it is cancelled after that. */
static void panel_close(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);

	for (unsigned int i = 0; i < panel->count; i++) {
		disable_irq(panel->buttons[i].irq);
		cancel_delayed_work_sync(&panel->buttons[i].settled);
	}
	gpiod_set_value_cansleep(panel->power, 0);
}

static int add_button(struct device *dev, struct input_dev *input, struct button *button,
		      struct fwnode_handle *node)
{
	u32 ms = DEBOUNCE_DEFAULT_MS;

	button->input = input;
	INIT_DELAYED_WORK(&button->settled, button_settled);
	if (fwnode_property_read_u32(node, "linux,code", &button->code) ||
	    !button->code || button->code >= KEY_CNT)
		return dev_err_probe(dev, -EINVAL, "%pfwP: no code\n", node);
	fwnode_property_read_u32(node, "debounce-interval", &ms);
	/* One more, as the first may be over at once. */
	button->debounce = msecs_to_jiffies(ms) + 1;
	button->line = devm_fwnode_gpiod_get(dev, node, NULL, GPIOD_IN, dev_name(dev));
	if (IS_ERR(button->line))
		return dev_err_probe(dev, PTR_ERR(button->line), "%pfwP: no line\n", node);
	button->irq = gpiod_to_irq(button->line);
	if (button->irq < 0)
		return button->irq;
	input_set_capability(input, EV_KEY, button->code);
	return devm_request_irq(dev, button->irq, button_irq,
				IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING | IRQF_NO_AUTOEN,
				dev_name(dev), button);
}

static int panel_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	unsigned int count = device_get_child_node_count(dev);
	struct input_dev *input;
	struct panel *panel;
	int err, i = 0;

	if (!count)
		return dev_err_probe(dev, -EINVAL, "no buttons\n");
	panel = devm_kzalloc(dev, struct_size(panel, buttons, count), GFP_KERNEL);
	input = devm_input_allocate_device(dev);
	if (!panel || !input)
		return -ENOMEM;
	panel->count = count;
	if (device_property_read_string(dev, "label", &input->name))
		input->name = dev_name(dev);
	input->id.bustype = BUS_HOST;
	input->open = panel_open;
	input->close = panel_close;
	input_set_drvdata(input, panel);

	panel->power = devm_gpiod_get_optional(dev, "power", GPIOD_OUT_LOW);
	if (IS_ERR(panel->power))
		return dev_err_probe(dev, PTR_ERR(panel->power), "no power\n");
	device_for_each_child_node_scoped(dev, child) {
		err = add_button(dev, input, &panel->buttons[i++], child);
		if (err)
			return err;
	}
	/* Last, as it can be opened from here on; and at the end it is closed before all else goes. */
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
