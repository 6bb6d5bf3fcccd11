// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts are requested by open and freed by close. The time is that of an hrtimer, exactly,
 * and what is over is looked at by one work item for the whole panel. Nothing is managed but
 * the lines.
 */
#include <linux/bitmap.h>
#include <linux/gpio/consumer.h>
#include <linux/hrtimer.h>
#include <linux/input.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "firmware.h"

struct panel;

struct button {
	struct panel *panel;
	struct gpio_desc *line;
	struct hrtimer timer;
	u32 ms, code;
	bool over;
};

struct panel {
	struct input_dev *input;
	struct gpio_desc *power;
	struct work_struct look;
	int count;
	struct button *buttons;
};

static void look(struct work_struct *work)
{
	struct panel *panel = container_of(work, struct panel, look);
	struct button *button;

	for (button = panel->buttons; button < panel->buttons + panel->count; button++) {
		int value;

		if (!xchg(&button->over, false))
			continue;
		value = gpiod_get_value_cansleep(button->line);
		/* It has changed while we were on our way: the timer runs again. */
		if (value < 0 || hrtimer_active(&button->timer))
			continue;
		input_event(panel->input, EV_KEY, button->code, value);
		input_sync(panel->input);
	}
}

static enum hrtimer_restart over(struct hrtimer *timer)
{
	struct button *button = container_of(timer, struct button, timer);

	WRITE_ONCE(button->over, true);
	queue_work(system_highpri_wq, &button->panel->look);
	return HRTIMER_NORESTART;
}

static void begin(struct button *button)
{
	hrtimer_start(&button->timer, ms_to_ktime(button->ms), HRTIMER_MODE_REL);
}

static irqreturn_t edge(int irq, void *data)
{
	begin(data);
	return IRQ_HANDLED;
}

static void release(struct panel *panel, int count)
{
	for (int i = 0; i < count; i++)
		free_irq(gpiod_to_irq(panel->buttons[i].line), &panel->buttons[i]);
	for (int i = 0; i < count; i++)
		hrtimer_cancel(&panel->buttons[i].timer);
	cancel_work_sync(&panel->look);
	if (panel->power)
		gpiod_direction_output(panel->power, 0);
}

static int panel_open(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);
	int err;

	if (panel->power)
		gpiod_direction_output(panel->power, 1);
	for (int i = 0; i < panel->count; i++) {
		struct button *button = &panel->buttons[i];

		err = request_irq(gpiod_to_irq(button->line), edge,
				  IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING, "panel", button);
		if (err) {
			release(panel, i);
			return err;
		}
		begin(button);
	}
	return 0;
}

static void panel_close(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);

	release(panel, panel->count);
}

static int find_buttons(struct platform_device *pdev, struct panel *panel)
{
	struct button *button = panel->buttons;
	struct device_node *node;

	for_each_available_child_of_node(pdev->dev.of_node, node) {
		int err = 0;

		button->panel = panel;
		button->ms = 30;
		of_property_read_u32(node, "debounce-interval", &button->ms);
		if (of_property_read_u32(node, "linux,code", &button->code) ||
		    button->code == KEY_RESERVED || button->code > KEY_MAX)
			err = -EINVAL;
		if (!err) {
			button->line = devm_fwnode_gpiod_get(&pdev->dev, of_fwnode_handle(node),
							     NULL, GPIOD_IN, "button");
			err = PTR_ERR_OR_ZERO(button->line);
		}
		if (!err && gpiod_to_irq(button->line) < 0)
			err = -ENXIO;
		if (err) {
			of_node_put(node);
			return err;
		}
		hrtimer_init(&button->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
		button->timer.function = over;
		input_set_capability(panel->input, EV_KEY, button->code);
		button++;
	}
	return 0;
}

static int panel_probe(struct platform_device *pdev)
{
	struct panel *panel;
	int err = -ENOMEM;

	panel = kzalloc(sizeof(*panel), GFP_KERNEL);
	if (!panel)
		return -ENOMEM;
	INIT_WORK(&panel->look, look);
	panel->count = of_get_available_child_count(pdev->dev.of_node);
	panel->buttons = kcalloc(panel->count, sizeof(*panel->buttons), GFP_KERNEL);
	panel->input = input_allocate_device();
	if (!panel->buttons || !panel->input)
		goto free;
	err = -EINVAL;
	if (!panel->count)
		goto free;
	panel->power = devm_gpiod_get_optional(&pdev->dev, "power", GPIOD_OUT_LOW);
	err = PTR_ERR_OR_ZERO(panel->power);
	if (err)
		goto free;
	err = find_buttons(pdev, panel);
	if (err)
		goto free;
	if (of_property_read_string(pdev->dev.of_node, "label", &panel->input->name))
		panel->input->name = dev_name(&pdev->dev);
	panel->input->dev.parent = &pdev->dev;
	panel->input->open = panel_open;
	panel->input->close = panel_close;
	input_set_drvdata(panel->input, panel);
	platform_set_drvdata(pdev, panel);
	err = input_register_device(panel->input);
	if (err)
		goto free;
	return 0;
free:
	input_free_device(panel->input);
	kfree(panel->buttons);
	kfree(panel);
	return err;
}

static void panel_remove(struct platform_device *pdev)
{
	struct panel *panel = platform_get_drvdata(pdev);

	input_unregister_device(panel->input);
	kfree(panel->buttons);
	kfree(panel);
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
	.remove = panel_remove,
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
	platform_driver_unregister(&panel_driver);
	firmware_exit();
}
module_exit(panel_exit);

MODULE_DESCRIPTION("Glove panels with buttons on GPIO lines");
MODULE_LICENSE("GPL");
