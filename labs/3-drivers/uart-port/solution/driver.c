// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/ttyBU0 and /dev/ttyBU1: the serial ports of a weather buoy.
 *
 * What is in CHIP_CONTROL and CHIP_ENABLE is changed under the port's lock only, and
 * the interrupt handler holds it too. Nothing here waits: sleeping, buffering and the
 * order of open and close are the serial core's.
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

static void set_control(struct buoy_port *buoy, u32 clear, u32 set)
{
	lockdep_assert_held(&buoy->port.lock);
	buoy->control = (buoy->control & ~clear) | set;
	chip_write(buoy->port.line, CHIP_CONTROL, buoy->control);
}

static void set_enable(struct buoy_port *buoy, u32 clear, u32 set)
{
	lockdep_assert_held(&buoy->port.lock);
	buoy->enable = (buoy->enable & ~clear) | set;
	chip_write(buoy->port.line, CHIP_ENABLE, buoy->enable);
}

static u32 status(struct uart_port *port)
{
	return chip_read(port->line, CHIP_STATUS);
}

static void buoy_stop_tx(struct uart_port *port)
{
	set_enable(to_buoy(port), CAUSE_ROOM, 0);
}

/* The interrupt comes at once if there is room. */
static void buoy_start_tx(struct uart_port *port)
{
	set_enable(to_buoy(port), 0, CAUSE_ROOM);
}

static void buoy_stop_rx(struct uart_port *port)
{
	set_enable(to_buoy(port), CAUSE_RECEIVED, 0);
}

static bool receive(struct uart_port *port)
{
	bool any = false;

	/* All of them: the next interrupt may be late. */
	while (status(port) & STATUS_RECEIVED) {
		u32 data = chip_read(port->line, CHIP_DATA);
		u8 flag = TTY_NORMAL;

		port->icount.rx++;
		if (data & DATA_FRAMING) {
			port->icount.frame++;
			flag = TTY_FRAME;
		}
		if (data & DATA_OVERRUN)
			port->icount.overrun++;
		uart_insert_char(port, data & ~DATA_BYTE, DATA_OVERRUN, data & DATA_BYTE, flag);
		any = true;
	}
	return any;
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

static irqreturn_t buoy_interrupt(int irq, void *data)
{
	struct buoy_port *buoy = data;
	struct uart_port *port = &buoy->port;
	bool received = false;
	u32 cause;

	uart_port_lock(port);
	cause = chip_read(port->line, CHIP_CAUSE) & buoy->enable;
	if (cause & CAUSE_RECEIVED)
		received = receive(port);
	if (cause & CAUSE_CTS) {
		/* First cleared, then looked at: a change after that interrupts again. */
		chip_write(port->line, CHIP_CAUSE, CAUSE_CTS);
		uart_handle_cts_change(port, status(port) & STATUS_CTS);
	}
	if (cause & CAUSE_ROOM)
		send(port);
	uart_port_unlock(port);

	if (received)
		tty_flip_buffer_push(&port->state->port);
	return IRQ_RETVAL(cause);
}

static unsigned int buoy_tx_empty(struct uart_port *port)
{
	return status(port) & STATUS_IDLE ? TIOCSER_TEMT : 0;
}

static void buoy_set_mctrl(struct uart_port *port, unsigned int lines)
{
	set_control(to_buoy(port), CONTROL_RTS, lines & TIOCM_RTS ? CONTROL_RTS : 0);
}

static unsigned int buoy_get_mctrl(struct uart_port *port)
{
	return TIOCM_CAR | TIOCM_DSR | (status(port) & STATUS_CTS ? TIOCM_CTS : 0);
}

static int buoy_startup(struct uart_port *port)
{
	struct buoy_port *buoy = to_buoy(port);
	int err;

	err = request_irq(port->irq, buoy_interrupt, 0, "buoy", buoy);
	if (err)
		return err;
	uart_port_lock_irq(port);
	set_control(buoy, 0, CONTROL_RECEIVE | CONTROL_SEND);
	set_enable(buoy, 0, CAUSE_RECEIVED | CAUSE_CTS);
	uart_port_unlock_irq(port);
	return 0;
}

static void buoy_shutdown(struct uart_port *port)
{
	struct buoy_port *buoy = to_buoy(port);

	uart_port_lock_irq(port);
	set_enable(buoy, ~0, 0);
	set_control(buoy, CONTROL_RECEIVE | CONTROL_SEND, 0);
	uart_port_unlock_irq(port);
	/* Waits for a handler that runs. After this the core frees what it uses. */
	free_irq(port->irq, buoy);
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
	port->ignore_status_mask = termios->c_iflag & IGNPAR ? DATA_FRAMING : 0;
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
