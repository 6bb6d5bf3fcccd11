// SPDX-License-Identifier: GPL-2.0-only
/*
 * The board, which is not part of the driver. It has the gateway chip: registers behind a
 * regmap, an interrupt line for each block. And it has the firmware: an overlay of the device
 * tree, as a compiled blob, that is written to /dev/board and describes what is on the board.
 *
 * Lines that are written to /dev/board are what happens in the world; numbers are decimal, or
 * hexadecimal with 0x:
 *
 *   block BASE MODEL LINE SETTINGS   there is a block at BASE; it is off
 *   delay BASE MS                    how long it takes from EN to READY (20)
 *   count BASE CELL VALUE            the count of a cell
 *   event BASE BITS THEN             events occur; those in THEN as soon as EVENTS was read
 *   remove                           takes the tree away
 *
 * What is read has a line for each block: BASE, on or off, EVENTS.
 */
#include <linux/cleanup.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_sim.h>
#include <linux/irqdomain.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/regmap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "board.h"

#define FIRST_BLOCK 0x40
#define BLOCK_SIZE 0x20
#define BLOCKS 6
#define LINES 8
#define CELLS 4
#define BLOB_MAX 16384
#define FDT_MAGIC 0xd00dfeed

struct model {
	unsigned int number;
	unsigned int ctrl, status, events, counts;
	u16 en, ready;
	unsigned int cells;
	bool wide;	/* a count has two registers, and 24 bits */
};

static const struct model models[] = {
	{
		.number = 100,
		.ctrl = 0, .status = 1, .events = 2, .counts = 4,
		.en = BIT(0), .ready = BIT(0),
		.cells = 2,
	}, {
		.number = 200,
		.status = 0, .ctrl = 1, .events = 2, .counts = 8,
		.en = BIT(7), .ready = BIT(15),
		.cells = 4,
		.wide = true,
	},
};

struct block {
	const struct model *model;
	unsigned int line;
	u16 settings;		/* the bits of CTRL but EN */
	bool on;
	unsigned int delay;	/* in ms */
	ktime_t ready_at;
	u16 events, then;
	u32 counts[CELLS];
	u8 latch[CELLS];	/* the high part, from when the low one was read */
};

static DEFINE_MUTEX(board_lock);	/* for the blocks and the domain */
static struct block blocks[BLOCKS];
static struct irq_domain *domain;

static DEFINE_MUTEX(tree_lock);
static int tree;	/* the overlay; 0: none */

static struct block *block_at(unsigned int base)
{
	unsigned int i = (base - FIRST_BLOCK) / BLOCK_SIZE;

	if (base < FIRST_BLOCK || base % BLOCK_SIZE || i >= BLOCKS)
		return NULL;
	return &blocks[i];
}

static void pulse(const struct block *block)
{
	unsigned int irq = domain ? irq_find_mapping(domain, block->line) : 0;

	if (irq)
		irq_set_irqchip_state(irq, IRQCHIP_STATE_PENDING, true);
}

static void occur(struct block *block, u16 events)
{
	block->events |= events;
	if (events)
		pulse(block);
}

static bool is_ready(const struct block *block)
{
	return block->on && ktime_after(ktime_get(), block->ready_at);
}

/* A register's block, and its place in it; NULL if a driver has no business there. */
static struct block *block_of(unsigned int reg, unsigned int *at)
{
	struct block *block = block_at(round_down(reg, BLOCK_SIZE));

	*at = reg % BLOCK_SIZE;
	if (WARN_ONCE(!block || !block->model, "gateway: no block has a register at %#x", reg))
		return NULL;
	if (*at != block->model->ctrl &&
	    WARN_ONCE(!block->on, "gateway: access to %#x, in a block that is off", reg))
		return NULL;
	return block;
}

static int gateway_read(void *context, unsigned int reg, unsigned int *value)
{
	const struct model *model;
	struct block *block;
	unsigned int at, cell;

	guard(mutex)(&board_lock);
	block = block_of(reg, &at);
	if (!block)
		return -EIO;
	model = block->model;
	if (at == model->ctrl) {
		*value = block->settings | (block->on ? model->en : 0);
		return 0;
	}
	if (at == model->status) {
		*value = is_ready(block) ? model->ready : 0;
		return 0;
	}
	if (at == model->events) {
		*value = is_ready(block) ? block->events : 0;
		occur(block, block->then);
		block->then = 0;
		return 0;
	}
	cell = (at - model->counts) / (model->wide ? 2 : 1);
	if (WARN_ONCE(at < model->counts || cell >= model->cells,
		      "gateway: there is no register at %#x", reg))
		return -EIO;
	*value = 0;
	if (!is_ready(block))
		return 0;
	if (model->wide && at % 2) {
		*value = 0xa500 | block->latch[cell];
	} else {
		*value = block->counts[cell] & 0xffff;
		block->latch[cell] = block->counts[cell] >> 16;
	}
	return 0;
}

static int gateway_write(void *context, unsigned int reg, unsigned int value)
{
	const struct model *model;
	struct block *block;
	unsigned int at;
	bool on;

	guard(mutex)(&board_lock);
	block = block_of(reg, &at);
	if (!block)
		return -EIO;
	model = block->model;
	if (at == model->events) {
		block->events &= ~value;
		return 0;
	}
	if (WARN_ONCE(at != model->ctrl, "gateway: a write to %#x, which can only be read", reg))
		return -EIO;
	WARN_ONCE((value & ~model->en) != block->settings,
		  "gateway: the settings in %#x were overwritten with %#x", reg, value);
	on = value & model->en;
	if (on == block->on)
		return 0;
	block->on = on;
	block->events = 0;
	block->ready_at = ktime_add_ms(ktime_get(), block->delay);
	pulse(block);	/* the supply can be heard on the line */
	return 0;
}

static const struct regmap_config gateway_config = {
	.reg_bits = 8,
	.val_bits = 16,
	.max_register = 0xff,
	.reg_read = gateway_read,
	.reg_write = gateway_write,
};

static void gateway_dispose(void *unused)
{
	struct irq_domain *old = domain;

	scoped_guard(mutex, &board_lock)
		domain = NULL;
	for (unsigned int line = 0; line < LINES; line++)
		irq_dispose_mapping(irq_find_mapping(old, line));
}

static int gateway_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct regmap *map = devm_regmap_init(dev, NULL, NULL, &gateway_config);
	struct irq_domain *lines;
	int err;

	if (IS_ERR(map))
		return PTR_ERR(map);
	lines = devm_irq_domain_create_sim(dev, dev_fwnode(dev), LINES);
	if (IS_ERR(lines))
		return PTR_ERR(lines);
	scoped_guard(mutex, &board_lock)
		domain = lines;
	err = devm_add_action_or_reset(dev, gateway_dispose, NULL);
	return err ?: devm_of_platform_populate(dev);
}

static const struct of_device_id gateway_match[] = {
	{ .compatible = "apiary,gateway" },
	{ }
};

static struct platform_driver gateway_driver = {
	.driver = {
		.name = "gateway",
		.of_match_table = gateway_match,
		.suppress_bind_attrs = true,
	},
	.probe = gateway_probe,
};

/* A tree of which only a part could be added is taken away again. */
static int add_tree(const void *blob, size_t size)
{
	int err, id = 0;

	guard(mutex)(&tree_lock);
	if (tree)
		return -EBUSY;
	err = of_overlay_fdt_apply(blob, size, &id, NULL);
	if (err && id)
		of_overlay_remove(&id);
	else
		tree = id;
	return err;
}

static int remove_tree(void)
{
	guard(mutex)(&tree_lock);
	if (tree)
		of_overlay_remove(&tree);
	tree = 0;
	return 0;
}

static int happen(const char *text)
{
	unsigned int base, a, b, c;
	struct block *block;
	char what[8];
	int given = sscanf(text, "%7s %i %i %i %i", what, &base, &a, &b, &c);

	if (given == 1 && !strcmp(what, "remove"))
		return remove_tree();
	if (given < 3)
		return -EINVAL;
	block = block_at(base);
	if (!block)
		return -EINVAL;
	guard(mutex)(&board_lock);
	if (!strcmp(what, "block") && given == 5) {
		for (unsigned int i = 0; i < ARRAY_SIZE(models); i++)
			if (models[i].number == a)
				*block = (struct block) {
					.model = &models[i],
					.line = b % LINES,
					.settings = c & 0xffff & ~models[i].en,
					.delay = 20,
				};
		return 0;
	}
	if (!block->model)
		return -EINVAL;
	if (!strcmp(what, "delay")) {
		block->delay = a;
	} else if (!strcmp(what, "count") && given == 4 && a < CELLS) {
		block->counts[a] = b;
	} else if (!strcmp(what, "event") && given == 4 && block->on) {
		block->then = b;
		occur(block, a);
	} else {
		return -EINVAL;
	}
	return 0;
}

static ssize_t board_write(struct file *file, const char __user *buf, size_t count, loff_t *pos)
{
	char *text __free(kfree) = NULL, *rest, *line;
	int err = 0;

	if (count > BLOB_MAX)
		return -EFBIG;
	text = memdup_user_nul(buf, count);
	if (IS_ERR(text))
		return PTR_ERR(no_free_ptr(text));
	if (count > 4 && get_unaligned_be32(text) == FDT_MAGIC)
		err = add_tree(text, count);
	else
		for (rest = text; !err && (line = strsep(&rest, "\n"));)
			err = *line ? happen(line) : 0;
	return err ?: count;
}

static ssize_t board_read(struct file *file, char __user *buf, size_t count, loff_t *pos)
{
	char text[BLOCKS * 24];
	int length = 0;

	scoped_guard(mutex, &board_lock) {
		for (unsigned int i = 0; i < BLOCKS; i++)
			if (blocks[i].model)
				length += scnprintf(text + length, sizeof(text) - length,
						    "0x%x %s 0x%x\n", FIRST_BLOCK + i * BLOCK_SIZE,
						    blocks[i].on ? "on" : "off", blocks[i].events);
	}
	return simple_read_from_buffer(buf, count, pos, text, length);
}

static const struct file_operations board_fops = {
	.owner = THIS_MODULE,
	.read = board_read,
	.write = board_write,
};

static struct miscdevice board_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "board",
	.fops = &board_fops,
};

int board_init(void)
{
	int err = platform_driver_register(&gateway_driver);

	if (err)
		return err;
	err = misc_register(&board_device);
	if (err)
		platform_driver_unregister(&gateway_driver);
	return err;
}

void board_exit(void)
{
	misc_deregister(&board_device);
	remove_tree();
	platform_driver_unregister(&gateway_driver);
}
