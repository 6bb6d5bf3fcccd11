// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread for each panel, which runs while somebody has it open. Interrupts note when the time
 * of a button will be over, and wake it; it sleeps until the first of these moments.
 */
#include <linux/gpio/consumer.h>
#include <linux/input.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "firmware.h"

struct panel;

struct button {
	struct panel *panel;
	struct gpio_desc *line;
	unsigned int code;
	u64 debounce;	/* in ns */
	u64 due;	/* 0: nothing to look at */
	int irq;
};

struct panel {
	struct device *dev;
	struct input_dev *input;
	struct gpio_desc *power;
	struct task_struct *thread;
	wait_queue_head_t changed;
	spinlock_t lock;	/* for `due` and `edges` */
	unsigned int edges;
	unsigned int count;
	struct button *buttons;
};

static void note(struct button *button)
{
	struct panel *panel = button->panel;
	unsigned long flags;

	spin_lock_irqsave(&panel->lock, flags);
	button->due = ktime_get_ns() + button->debounce;
	panel->edges++;
	spin_unlock_irqrestore(&panel->lock, flags);
	wake_up(&panel->changed);
}

static irqreturn_t edge(int irq, void *data)
{
	note(data);
	return IRQ_HANDLED;
}

/* A button whose time is over, or NULL and how long it is until the first one. */
static struct button *next_button(struct panel *panel, u64 *rest, unsigned int *edges)
{
	u64 now = ktime_get_ns();

	*rest = NSEC_PER_SEC;
	guard(spinlock_irq)(&panel->lock);
	*edges = panel->edges;
	for (unsigned int i = 0; i < panel->count; i++) {
		struct button *button = &panel->buttons[i];

		if (!button->due)
			continue;
		if (button->due <= now) {
			button->due = 0;
			return button;
		}
		*rest = min(*rest, button->due - now);
	}
	return NULL;
}

static int watch(void *data)
{
	struct panel *panel = data;
	unsigned int edges;
	u64 rest;

	while (!kthread_should_stop()) {
		struct button *button = next_button(panel, &rest, &edges);

		if (button) {
			int value = gpiod_get_value_cansleep(button->line);

			if (value >= 0)
				input_report_key(panel->input, button->code, value);
			input_sync(panel->input);
			continue;
		}
		wait_event_interruptible_hrtimeout(panel->changed, kthread_should_stop() ||
						   READ_ONCE(panel->edges) != edges,
						   ns_to_ktime(rest));
	}
	return 0;
}

static int panel_open(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);
	struct task_struct *thread = kthread_create(watch, panel, "panel");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	panel->thread = thread;
	if (panel->power)
		gpiod_set_value_cansleep(panel->power, true);
	for (unsigned int i = 0; i < panel->count; i++) {
		note(&panel->buttons[i]);
		enable_irq(panel->buttons[i].irq);
	}
	wake_up_process(thread);
	return 0;
}

static void panel_close(struct input_dev *input)
{
	struct panel *panel = input_get_drvdata(input);

	for (unsigned int i = 0; i < panel->count; i++)
		disable_irq(panel->buttons[i].irq);
	kthread_stop(panel->thread);
	if (panel->power)
		gpiod_set_value_cansleep(panel->power, false);
}

static int add_button(struct panel *panel, struct fwnode_handle *node)
{
	struct button *button = &panel->buttons[panel->count];
	u32 ms = 30, code = 0;

	fwnode_property_read_u32(node, "debounce-interval", &ms);
	fwnode_property_read_u32(node, "linux,code", &code);
	if (!code || code > KEY_MAX)
		return -EINVAL;
	button->panel = panel;
	button->code = code;
	button->debounce = ms * (u64)NSEC_PER_MSEC;
	button->line = devm_fwnode_gpiod_get(panel->dev, node, NULL, GPIOD_IN, "panel");
	if (IS_ERR(button->line))
		return PTR_ERR(button->line);
	button->irq = gpiod_to_irq(button->line);
	if (button->irq < 0)
		return button->irq;
	__set_bit(EV_KEY, panel->input->evbit);
	__set_bit(code, panel->input->keybit);
	panel->count++;
	irq_set_status_flags(button->irq, IRQ_NOAUTOEN);
	return devm_request_irq(panel->dev, button->irq, edge,
				IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING, "panel", button);
}

static int panel_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	unsigned int most = device_get_child_node_count(dev);
	struct fwnode_handle *node;
	struct panel *panel;
	int err;

	panel = devm_kzalloc(dev, sizeof(*panel), GFP_KERNEL);
	if (!panel)
		return -ENOMEM;
	panel->buttons = devm_kcalloc(dev, most, sizeof(*panel->buttons), GFP_KERNEL);
	panel->input = devm_input_allocate_device(dev);
	if (!panel->buttons || !panel->input)
		return -ENOMEM;
	panel->dev = dev;
	spin_lock_init(&panel->lock);
	init_waitqueue_head(&panel->changed);
	panel->power = devm_gpiod_get_optional(dev, "power", GPIOD_OUT_LOW);
	if (IS_ERR(panel->power))
		return PTR_ERR(panel->power);
	device_for_each_child_node(dev, node) {
		err = add_button(panel, node);
		if (err) {
			fwnode_handle_put(node);
			return err;
		}
	}
	if (!panel->count)
		return -EINVAL;
	panel->input->name = dev_name(dev);
	device_property_read_string(dev, "label", &panel->input->name);
	panel->input->open = panel_open;
	panel->input->close = panel_close;
	input_set_drvdata(panel->input, panel);
	return input_register_device(panel->input);
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
	int err = firmware_init();

	if (err)
		return err;
	err = platform_driver_register(&panel_driver);
	if (err)
		firmware_exit();
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
