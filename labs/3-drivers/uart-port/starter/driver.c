// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ttyBU0 and /dev/ttyBU1: the serial ports of a weather buoy.
 *
 * The ports are registered; what they do is to be written. See brief.md, and chip.h
 * for the chip.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/serial_core.h>
#include <linux/tty_flip.h>

#include "chip.h"

struct buoy_port {
	struct uart_port port;
	u32 control;
	u32 enable;
};

static struct chip_facts facts;
static struct buoy_port buoys[CHIP_PORTS];
static struct platform_device *device;

static struct buoy_port *to_buoy(struct uart_port *port)
{
	return container_of(port, struct buoy_port, port);
}

static void buoy_stop_tx(struct uart_port *port)
{
	/* TODO */
}

static void buoy_start_tx(struct uart_port *port)
{
	/* TODO: who sends the bytes? */
}

static void buoy_stop_rx(struct uart_port *port)
{
	/* TODO */
}

static irqreturn_t buoy_interrupt(int irq, void *data)
{
	/* TODO: bytes that came, room for bytes to send, a change of CTS */
	return IRQ_NONE;
}

static unsigned int buoy_tx_empty(struct uart_port *port)
{
	/* TODO: this says that nothing is on its way */
	return TIOCSER_TEMT;
}

static void buoy_set_mctrl(struct uart_port *port, unsigned int lines)
{
	/* TODO: RTS */
}

static unsigned int buoy_get_mctrl(struct uart_port *port)
{
	/* TODO: CTS */
	return TIOCM_CAR | TIOCM_DSR;
}

static int buoy_startup(struct uart_port *port)
{
	struct buoy_port *buoy = to_buoy(port);
	int err;

	err = request_irq(port->irq, buoy_interrupt, 0, "buoy", buoy);
	if (err)
		return err;
	/* TODO: what has to be on, and which interrupts are wanted? */
	return 0;
}

static void buoy_shutdown(struct uart_port *port)
{
	struct buoy_port *buoy = to_buoy(port);

	/* TODO: nothing may come from the chip any more */
	free_irq(port->irq, buoy);
}

static void buoy_set_termios(struct uart_port *port, struct ktermios *termios,
			     const struct ktermios *old)
{
	/* TODO: what can the chip do of what is asked for? */
}

static const char *buoy_type(struct uart_port *port)
{
	return "buoy";
}

static const struct uart_ops buoy_ops = {
	.tx_empty = buoy_tx_empty,
	.set_mctrl = buoy_set_mctrl,
	.get_mctrl = buoy_get_mctrl,
	.stop_tx = buoy_stop_tx,
	.start_tx = buoy_start_tx,
	.stop_rx = buoy_stop_rx,
	.startup = buoy_startup,
	.shutdown = buoy_shutdown,
	.set_termios = buoy_set_termios,
	.type = buoy_type,
};

static struct uart_driver buoy_driver = {
	.owner = THIS_MODULE,
	.driver_name = "buoy",
	.dev_name = "ttyBU",
	.nr = CHIP_PORTS,
};

static void remove_ports(unsigned int count)
{
	while (count--)
		uart_remove_one_port(&buoy_driver, &buoys[count].port);
}

static int __init buoy_init(void)
{
	unsigned int i;
	int err;

	err = chip_power_on(&facts);
	if (err)
		return err;
	device = platform_device_register_simple("buoy", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device)) {
		err = PTR_ERR(device);
		goto no_device;
	}
	err = uart_register_driver(&buoy_driver);
	if (err)
		goto no_driver;
	for (i = 0; i < CHIP_PORTS; i++) {
		struct uart_port *port = &buoys[i].port;

		port->dev = &device->dev;
		port->line = i;
		port->ops = &buoy_ops;
		port->type = PORT_GENERIC;
		port->irq = facts.irq[i];
		port->uartclk = facts.clock;
		port->fifosize = facts.fifo;
		err = uart_add_one_port(&buoy_driver, port);
		if (err)
			goto no_port;
	}
	return 0;

no_port:
	remove_ports(i);
	uart_unregister_driver(&buoy_driver);
no_driver:
	platform_device_unregister(device);
no_device:
	chip_power_off();
	return err;
}
module_init(buoy_init);

static void __exit buoy_exit(void)
{
	remove_ports(CHIP_PORTS);
	uart_unregister_driver(&buoy_driver);
	platform_device_unregister(device);
	chip_power_off();
}
module_exit(buoy_exit);

MODULE_DESCRIPTION("The serial ports of a weather buoy");
MODULE_LICENSE("GPL");
