// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ttyBU0 and /dev/ttyBU1: the serial ports of a weather buoy.
 *
 * Another way: the interrupt wakes a thread that does the work, and the registers
 * themselves say what is on; they are changed under the port's lock. Received bytes
 * are taken out in portions, so that the lock is never held for long.
 */
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/serial_core.h>
#include <linux/tty_flip.h>

#include "chip.h"

#define PORTION 32

static struct chip_facts facts;
static struct uart_port ports[CHIP_PORTS];
static struct platform_device *device;

static void change(struct uart_port *port, enum chip_register which, u32 clear, u32 set)
{
	lockdep_assert_held(&port->lock);
	chip_write(port->line, which, (chip_read(port->line, which) & ~clear) | set);
}

static u32 status(struct uart_port *port)
{
	return chip_read(port->line, CHIP_STATUS);
}

static void buoy_stop_tx(struct uart_port *port)
{
	change(port, CHIP_ENABLE, CAUSE_ROOM, 0);
}

/* The interrupt comes at once if there is room. */
static void buoy_start_tx(struct uart_port *port)
{
	change(port, CHIP_ENABLE, 0, CAUSE_ROOM);
}

static void buoy_stop_rx(struct uart_port *port)
{
	change(port, CHIP_ENABLE, CAUSE_RECEIVED, 0);
}

static unsigned int receive(struct uart_port *port)
{
	u8 bytes[PORTION], flags[PORTION];
	unsigned int n;

	for (n = 0; n < PORTION && status(port) & STATUS_RECEIVED; n++) {
		u32 data = chip_read(port->line, CHIP_DATA);

		bytes[n] = data & DATA_BYTE;
		flags[n] = TTY_NORMAL;
		if (data & DATA_FRAMING) {
			flags[n] = TTY_FRAME;
			port->icount.frame++;
		}
		if (data & DATA_OVERRUN)
			port->icount.overrun++;
	}
	port->icount.rx += n;
	tty_insert_flip_string_flags(&port->state->port, bytes, flags, n);
	return n;
}

static void send(struct uart_port *port)
{
	u8 byte;

	uart_port_tx(port, byte, status(port) & STATUS_ROOM,
		     chip_write(port->line, CHIP_DATA, byte));
	/* With bytes left that must not be sent, there is nothing to do about the room. */
	if (uart_tx_stopped(port))
		buoy_stop_tx(port);
}

static irqreturn_t buoy_thread(int irq, void *data)
{
	struct uart_port *port = data;
	unsigned int received = 0, n;

	do {
		u32 cause;

		uart_port_lock_irq(port);
		cause = chip_read(port->line, CHIP_CAUSE) & chip_read(port->line, CHIP_ENABLE);
		n = cause & CAUSE_RECEIVED ? receive(port) : 0;
		if (cause & CAUSE_CTS) {
			chip_write(port->line, CHIP_CAUSE, CAUSE_CTS);
			uart_handle_cts_change(port, status(port) & STATUS_CTS);
		}
		if (cause & CAUSE_ROOM)
			send(port);
		uart_port_unlock_irq(port);
		received += n;
	} while (n);
	if (received)
		tty_flip_buffer_push(&port->state->port);
	return IRQ_HANDLED;
}

static unsigned int buoy_tx_empty(struct uart_port *port)
{
	return status(port) & STATUS_IDLE ? TIOCSER_TEMT : 0;
}

static void buoy_set_mctrl(struct uart_port *port, unsigned int lines)
{
	change(port, CHIP_CONTROL, CONTROL_RTS, lines & TIOCM_RTS ? CONTROL_RTS : 0);
}

static unsigned int buoy_get_mctrl(struct uart_port *port)
{
	return TIOCM_CAR | TIOCM_DSR | (status(port) & STATUS_CTS ? TIOCM_CTS : 0);
}

static int buoy_startup(struct uart_port *port)
{
	int err;

	err = request_threaded_irq(port->irq, NULL, buoy_thread, IRQF_ONESHOT, "buoy", port);
	if (err)
		return err;
	uart_port_lock_irq(port);
	change(port, CHIP_CONTROL, 0, CONTROL_RECEIVE | CONTROL_SEND);
	change(port, CHIP_ENABLE, 0, CAUSE_RECEIVED | CAUSE_CTS);
	uart_port_unlock_irq(port);
	return 0;
}

static void buoy_shutdown(struct uart_port *port)
{
	uart_port_lock_irq(port);
	change(port, CHIP_ENABLE, ~0, 0);
	change(port, CHIP_CONTROL, CONTROL_RECEIVE | CONTROL_SEND, 0);
	uart_port_unlock_irq(port);
	/* Waits for a handler that runs. After this the core frees what it uses. */
	free_irq(port->irq, port);
}

static void buoy_set_termios(struct uart_port *port, struct ktermios *termios,
			     const struct ktermios *old)
{
	unsigned int most = port->uartclk / 16;
	unsigned int rate, divisor;
	unsigned long flags;

	/* Eight bits, no parity, one stop bit: the chip can do nothing else. */
	termios->c_cflag &= ~(CSIZE | CSTOPB | PARENB | PARODD | CMSPAR);
	termios->c_cflag |= CS8;
	rate = uart_get_baud_rate(port, termios, old, DIV_ROUND_UP(most, 0xffff), most);
	divisor = clamp(uart_get_divisor(port, rate), 1, 0xffff);
	rate = most / divisor;
	tty_termios_encode_baud_rate(termios, rate, rate);

	uart_port_lock_irqsave(port, &flags);
	uart_update_timeout(port, termios->c_cflag, rate);
	chip_write(port->line, CHIP_DIVISOR, divisor);
	uart_port_unlock_irqrestore(port, flags);
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
		uart_remove_one_port(&buoy_driver, &ports[count]);
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
		struct uart_port *port = &ports[i];

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
