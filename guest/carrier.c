// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the carrier card (src/silicon/runtime/carrier.ts): an I2C
 * adapter, an SPI host and a GPIO controller, with the one chip that the
 * parameters name on the bus that they name.
 */
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/i2c.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/spi/spi.h>

#define INPUT		0x04
#define OUTPUT		0x08
#define DIRECTION	0x0c
#define EVENTS		0x10
#define ENABLE		0x14
#define LOW		0x18
#define RISING		0x1c
#define FALLING		0x20
#define PENDING		0x24
#define ADDRESS		0x40
#define START		0x44
#define STATUS		0x48
#define BUFFER		0x100
#define BUFFER_BYTES	252

#define I2C_WRITE	1
#define I2C_READ	2
#define SPI_TRANSFER	3
#define SPI_SELECT	4
#define SPI_RELEASE	5
#define I2C_STOP	6

#define LINES		32
#define LINES_NAMED	8

static char *bus = "i2c", *chip = "";
static uint address;
static char *lines[LINES_NAMED];
static int line_count;
module_param(bus, charp, 0);	/* i2c, spi or gpio */
module_param(chip, charp, 0);	/* the chip's name, which its driver is found by */
module_param(address, uint, 0);	/* of an I2C chip */
module_param_array(lines, charp, &line_count, 0);	/* gpio: names of lines 0, 1, … */

struct carrier {
	void __iomem *registers;
	raw_spinlock_t lock;	/* the registers of lines */
	struct mutex transfer;	/* the buffer */
	struct gpio_chip gpio;
	struct i2c_adapter adapter;
	struct spi_controller *spi;
	struct gpiod_lookup_table *table;
	struct i2c_client *client;
	struct platform_device *peer;
};

static void change(struct carrier *c, unsigned int offset, u32 *shadow, u32 bit, bool on)
{
	*shadow = on ? *shadow | bit : *shadow & ~bit;
	iowrite32(*shadow, c->registers + offset);
}

/* What was written last; these registers can not be read. */
static u32 output, direction, enable, low, rising, falling;

static void move_bytes(struct carrier *c, u8 *to, const u8 *from, unsigned int count)
{
	for (unsigned int i = 0; i < count; i += 4) {
		u8 word[4] = {};
		unsigned int part = min(4u, count - i);

		if (from) {
			memcpy(word, from + i, part);
			iowrite32(le32_to_cpup((__le32 *)word), c->registers + BUFFER + i);
		} else {
			*(__le32 *)word = cpu_to_le32(ioread32(c->registers + BUFFER + i));
			memcpy(to + i, word, part);
		}
	}
}

static u32 start(struct carrier *c, u32 what, u32 count)
{
	iowrite32(what | count << 8, c->registers + START);
	return ioread32(c->registers + STATUS);
}

/* --- I2C --- */

static int carrier_xfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	struct carrier *c = i2c_get_adapdata(adapter);
	int err = 0;

	guard(mutex)(&c->transfer);
	for (int i = 0; i < count && !err; i++) {
		bool reads = messages[i].flags & I2C_M_RD;

		iowrite32(messages[i].addr, c->registers + ADDRESS);
		if (!reads)
			move_bytes(c, NULL, messages[i].buf, messages[i].len);
		err = start(c, reads ? I2C_READ : I2C_WRITE, messages[i].len) ? -ENXIO : 0;
		if (reads && !err)
			move_bytes(c, messages[i].buf, NULL, messages[i].len);
	}
	start(c, I2C_STOP, 0);
	return err ?: count;
}

static u32 carrier_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | (I2C_FUNC_SMBUS_EMUL & ~I2C_FUNC_SMBUS_QUICK);
}

static const struct i2c_algorithm carrier_i2c = {
	.xfer = carrier_xfer,
	.functionality = carrier_functionality,
};

static const struct i2c_adapter_quirks carrier_quirks = {
	.max_read_len = BUFFER_BYTES,
	.max_write_len = BUFFER_BYTES,
};

/* --- SPI --- */

static void carrier_set_cs(struct spi_device *spi, bool high)
{
	struct carrier *c = *(struct carrier **)spi_controller_get_devdata(spi->controller);

	guard(mutex)(&c->transfer);
	start(c, high ? SPI_RELEASE : SPI_SELECT, 0);
}

static int carrier_transfer_one(struct spi_controller *host, struct spi_device *spi,
				struct spi_transfer *transfer)
{
	struct carrier *c = *(struct carrier **)spi_controller_get_devdata(host);
	static const u8 nothing[BUFFER_BYTES];
	unsigned int count;

	guard(mutex)(&c->transfer);
	for (unsigned int done = 0; done < transfer->len; done += count) {
		count = min_t(unsigned int, transfer->len - done, BUFFER_BYTES);
		move_bytes(c, NULL, transfer->tx_buf ? transfer->tx_buf + done : nothing, count);
		if (start(c, SPI_TRANSFER, count))
			return -EIO;
		if (transfer->rx_buf)
			move_bytes(c, transfer->rx_buf + done, NULL, count);
	}
	return 0;
}

/* --- lines --- */

static int line_get(struct gpio_chip *gpio, unsigned int line)
{
	struct carrier *c = gpiochip_get_data(gpio);

	return !!(ioread32(c->registers + INPUT) & BIT(line));
}

static void line_set(struct gpio_chip *gpio, unsigned int line, int value)
{
	struct carrier *c = gpiochip_get_data(gpio);

	guard(raw_spinlock_irqsave)(&c->lock);
	change(c, OUTPUT, &output, BIT(line), value);
}

static int line_input(struct gpio_chip *gpio, unsigned int line)
{
	struct carrier *c = gpiochip_get_data(gpio);

	guard(raw_spinlock_irqsave)(&c->lock);
	change(c, DIRECTION, &direction, BIT(line), false);
	return 0;
}

static int line_output(struct gpio_chip *gpio, unsigned int line, int value)
{
	struct carrier *c = gpiochip_get_data(gpio);

	line_set(gpio, line, value);
	guard(raw_spinlock_irqsave)(&c->lock);
	change(c, DIRECTION, &direction, BIT(line), true);
	return 0;
}

static struct carrier *carrier_of(struct irq_data *data)
{
	return gpiochip_get_data(irq_data_get_irq_chip_data(data));
}

static void line_mask(struct irq_data *data)
{
	struct carrier *c = carrier_of(data);

	scoped_guard(raw_spinlock_irqsave, &c->lock)
		change(c, ENABLE, &enable, BIT(data->hwirq), false);
	gpiochip_disable_irq(&c->gpio, data->hwirq);
}

static void line_unmask(struct irq_data *data)
{
	struct carrier *c = carrier_of(data);

	gpiochip_enable_irq(&c->gpio, data->hwirq);
	guard(raw_spinlock_irqsave)(&c->lock);
	change(c, ENABLE, &enable, BIT(data->hwirq), true);
}

static void line_ack(struct irq_data *data)
{
	iowrite32(BIT(data->hwirq), carrier_of(data)->registers + EVENTS);
}

static int line_set_type(struct irq_data *data, unsigned int type)
{
	struct carrier *c = carrier_of(data);
	u32 bit = BIT(data->hwirq);

	if (type == IRQ_TYPE_LEVEL_HIGH)
		return -EINVAL;
	scoped_guard(raw_spinlock_irqsave, &c->lock) {
		change(c, LOW, &low, bit, type == IRQ_TYPE_LEVEL_LOW);
		change(c, RISING, &rising, bit, type & IRQ_TYPE_EDGE_RISING);
		change(c, FALLING, &falling, bit, type & IRQ_TYPE_EDGE_FALLING);
	}
	irq_set_handler_locked(data, type == IRQ_TYPE_LEVEL_LOW ? handle_level_irq : handle_edge_irq);
	return 0;
}

static const struct irq_chip line_irqs = {
	.name = "carrier",
	.irq_mask = line_mask,
	.irq_unmask = line_unmask,
	.irq_ack = line_ack,
	.irq_set_type = line_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static irqreturn_t carrier_irq(int irq, void *data)
{
	struct carrier *c = data;
	unsigned long pending = ioread32(c->registers + PENDING);
	unsigned int line;

	if (!pending)
		return IRQ_NONE;
	for_each_set_bit(line, &pending, LINES)
		generic_handle_domain_irq(c->gpio.irq.domain, line);
	return IRQ_HANDLED;
}

/* --- the card --- */

static void forget_client(void *data)
{
	i2c_unregister_device(data);
}

static void forget_peer(void *data)
{
	platform_device_unregister(data);
}

static void forget_table(void *data)
{
	gpiod_remove_lookup_table(data);
}

static int add_i2c(struct pci_dev *pdev, struct carrier *c)
{
	struct i2c_board_info info = { .addr = address };
	int err;

	c->adapter.owner = THIS_MODULE;
	c->adapter.algo = &carrier_i2c;
	c->adapter.quirks = &carrier_quirks;
	c->adapter.dev.parent = &pdev->dev;
	strscpy(c->adapter.name, "carrier", sizeof(c->adapter.name));
	i2c_set_adapdata(&c->adapter, c);
	err = devm_i2c_add_adapter(&pdev->dev, &c->adapter);
	if (err || !*chip)
		return err;
	strscpy(info.type, chip, sizeof(info.type));
	info.irq = irq_create_mapping(c->gpio.irq.domain, 0);
	c->client = i2c_new_client_device(&c->adapter, &info);
	if (IS_ERR(c->client))
		return PTR_ERR(c->client);
	return devm_add_action_or_reset(&pdev->dev, forget_client, c->client);
}

static int add_spi(struct pci_dev *pdev, struct carrier *c)
{
	struct spi_board_info info = { .max_speed_hz = 1000000, .mode = SPI_MODE_0 };
	int err;

	c->spi = devm_spi_alloc_host(&pdev->dev, sizeof(c));
	if (!c->spi)
		return -ENOMEM;
	*(struct carrier **)spi_controller_get_devdata(c->spi) = c;
	c->spi->num_chipselect = 1;
	c->spi->bits_per_word_mask = SPI_BPW_MASK(8);
	c->spi->set_cs = carrier_set_cs;
	c->spi->transfer_one = carrier_transfer_one;
	err = devm_spi_register_controller(&pdev->dev, c->spi);
	if (err || !*chip)
		return err;
	strscpy(info.modalias, chip, sizeof(info.modalias));
	info.irq = irq_create_mapping(c->gpio.irq.domain, 0);
	return spi_new_device(c->spi, &info) ? 0 : -ENODEV;
}

static int add_lines(struct pci_dev *pdev, struct carrier *c)
{
	struct platform_device_info info = { .parent = &pdev->dev, .name = chip, .id = PLATFORM_DEVID_NONE };
	int err;

	c->table = devm_kzalloc(&pdev->dev, struct_size(c->table, table, line_count + 1), GFP_KERNEL);
	if (!c->table)
		return -ENOMEM;
	c->table->dev_id = chip;
	for (int i = 0; i < line_count; i++)
		c->table->table[i] = GPIO_LOOKUP("carrier", i, lines[i], GPIO_ACTIVE_HIGH);
	gpiod_add_lookup_table(c->table);
	err = devm_add_action_or_reset(&pdev->dev, forget_table, c->table);
	if (err)
		return err;
	c->peer = platform_device_register_full(&info);
	if (IS_ERR(c->peer))
		return PTR_ERR(c->peer);
	return devm_add_action_or_reset(&pdev->dev, forget_peer, c->peer);
}

static int add_gpio(struct pci_dev *pdev, struct carrier *c)
{
	c->gpio.label = "carrier";
	c->gpio.parent = &pdev->dev;
	c->gpio.owner = THIS_MODULE;
	c->gpio.base = -1;
	c->gpio.ngpio = LINES;
	c->gpio.get = line_get;
	c->gpio.set = line_set;
	c->gpio.direction_input = line_input;
	c->gpio.direction_output = line_output;
	gpio_irq_chip_set_chip(&c->gpio.irq, &line_irqs);
	c->gpio.irq.default_type = IRQ_TYPE_NONE;
	c->gpio.irq.handler = handle_bad_irq;
	return devm_gpiochip_add_data(&pdev->dev, &c->gpio, c);
}

static int carrier_probe(struct pci_dev *pdev, const struct pci_device_id *ids)
{
	struct carrier *c = devm_kzalloc(&pdev->dev, sizeof(*c), GFP_KERNEL);
	int err;

	if (!c)
		return -ENOMEM;
	raw_spin_lock_init(&c->lock);
	mutex_init(&c->transfer);
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	c->registers = pcim_iomap(pdev, 0, 0);
	if (!c->registers)
		return -ENOMEM;
	pci_set_master(pdev);
	err = add_gpio(pdev, c);
	if (err)
		return err;
	err = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (err < 0)
		return err;
	err = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, 0), carrier_irq, 0, "carrier", c);
	if (err)
		return err;
	if (!strcmp(bus, "spi"))
		return add_spi(pdev, c);
	return strcmp(bus, "gpio") ? add_i2c(pdev, c) : add_lines(pdev, c);
}

static const struct pci_device_id carrier_ids[] = {
	{ PCI_DEVICE(0x1de5, 0xca22) },
	{ }
};
MODULE_DEVICE_TABLE(pci, carrier_ids);

static struct pci_driver carrier_driver = {
	.name = "carrier",
	.id_table = carrier_ids,
	.probe = carrier_probe,
};
module_pci_driver(carrier_driver);

MODULE_DESCRIPTION("A card with I2C, SPI and GPIO");
MODULE_LICENSE("GPL");
