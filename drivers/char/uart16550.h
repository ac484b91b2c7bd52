/*
 * Registers of the 16550 UART. Section numbers are those of National Semiconductor's PC16550D data
 * sheet; register numbers are offsets from the base port.
 */
#pragma once

#include "lib/bits.h"

enum uart_register { /* §8.0 table II */
    UART_DATA = 0,             /* also divisor, low byte, when LINE_DIVISOR is set */
    UART_INTERRUPT_ENABLE = 1, /* also divisor, high byte */
    UART_INTERRUPT_ID = 2,     /* read */
    UART_FIFO = 2,             /* write */
    UART_LINE = 3,
    UART_MODEM = 4,
    UART_LINE_STATUS = 5,
    UART_MODEM_STATUS = 6,
};

#define ENABLE_RECEIVED BIT(0) /* §8.7 */
#define ENABLE_TRANSMIT_EMPTY BIT(1)
#define ENABLE_LINE_STATUS BIT(2)
#define ENABLE_ALL 0x0fu
#define ID_NONE_PENDING BIT(0) /* §8.6 */
#define ID_FIFOS 0xc0u
#define FIFO_ENABLE BIT(0) /* §8.5 */
#define FIFO_CLEAR 0x06u
#define FIFO_TRIGGER_8 0x80u
#define FIFO_TRIGGER_14 0xc0u
#define LINE_STOP_2 BIT(2) /* §8.1 */
#define LINE_PARITY BIT(3)
#define LINE_EVEN BIT(4)
#define LINE_BREAK BIT(6)
#define LINE_DIVISOR BIT(7)
#define LINE_8N1 0x03u
#define MODEM_DTR BIT(0) /* §8.8 */
#define MODEM_RTS BIT(1)
#define MODEM_OUT2 BIT(3) /* on a PC: lets the interrupt through */
#define MODEM_LOOP BIT(4)
#define MODEM_LINES 0xf0u
#define MODEM_LOOPED_LINES 0x90u /* what OUT2 and RTS read as in loop-back */
#define STATUS_RECEIVED BIT(0) /* §8.4 */
#define STATUS_OVERRUN BIT(1)
#define STATUS_BREAK BIT(4)
#define STATUS_CAN_SEND BIT(5)
#define STATUS_ALL_SENT BIT(6)
#define STATUS_ABSENT 0xffu /* nothing drives the bus */
