#define LOG_TAG "monitor"
#include "kernel/debug/monitor.h"

#include <stdarg.h>

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/debug/backtrace.h"
#include "kernel/debug/probe.h"
#include "kernel/debug/serial.h"
#include "kernel/debug/symbols.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/parse.h"
#include "lib/string.h"

#define LINE_MAX 80
#define DUMP_BYTES 128
#define DUMP_ROW 16
#define THREAD_DEPTH 12
#define KEY_BACKSPACE 0x08
#define KEY_DELETE 0x7f

struct command {
    const char *name;
    const char *help;
    void (*run)(const struct trap_frame *frame, char *argument);
};

/* Output does not go through the log: `dmesg` would show the monitor's own words. */
static void emit(void *context, const char *text, size_t length) {
    (void)context;
    serial_write(text, length);
}

printf_like(1, 2) static void say(const char *fmt, ...) {
    va_list arguments;
    va_start(arguments, fmt);
    format_callback(emit, NULL, fmt, arguments);
    va_end(arguments);
}

/* A number, or a function's name. */
static int parse_address(const char *text, uint64_t *address) {
    if (!text)
        return -EINVAL;
    *address = symbol_address(text);
    return *address ? 0 : parse_u64(text, address);
}

static void command_regs(const struct trap_frame *frame, char *argument) {
    (void)argument;
    if (frame)
        registers_show(frame);
    else
        say("no exception: entered by request\n");
}

static void command_bt(const struct trap_frame *frame, char *argument) {
    (void)argument;
    backtrace_show(frame);
}

static void dump_row(uint64_t address) {
    uint8_t bytes[DUMP_ROW];
    if (!probe_read(address, bytes, sizeof bytes)) {
        say("%016lx  not mapped, or not RAM\n", (unsigned long)address);
        return;
    }
    say("%016lx ", (unsigned long)address);
    for (int i = 0; i < DUMP_ROW; i++)
        say(" %02x", bytes[i]);
    say("  ");
    for (int i = 0; i < DUMP_ROW; i++)
        say("%c", bytes[i] >= ' ' && bytes[i] < KEY_DELETE ? bytes[i] : '.');
    say("\n");
}

static void command_mem(const struct trap_frame *frame, char *argument) {
    uint64_t address;
    (void)frame;
    if (parse_address(argument, &address) < 0) {
        say("mem ADDRESS or mem FUNCTION\n");
        return;
    }
    for (uint64_t row = address; row < address + DUMP_BYTES; row += DUMP_ROW)
        dump_row(row);
}

static void command_pagewalk(const struct trap_frame *frame, char *argument) {
    uint64_t address;
    (void)frame;
    if (parse_address(argument, &address) < 0)
        say("pagewalk ADDRESS or pagewalk FUNCTION\n");
    else
        probe_show_walk(address);
}

static void command_sym(const struct trap_frame *frame, char *argument) {
    char name[LINE_MAX];
    uint64_t address;
    (void)frame;
    if (parse_address(argument, &address) < 0) {
        say("not found\n");
        return;
    }
    symbol_format(name, sizeof name, address);
    say("%016lx %s\n", (unsigned long)address, name);
}

static void command_dmesg(const struct trap_frame *frame, char *argument) {
    char text[256];
    struct log_record_info info;
    uint64_t sequence = 0, end = log_sequence_end();
    (void)frame;
    (void)argument;
    while (sequence < end && log_read(&sequence, &info, text, sizeof text))
        say("<%u> %s\n", (unsigned)info.level, text);
}

static void show_thread(const struct task *task) {
    const struct thread *thread = &task->thread;
    uint64_t addresses[THREAD_DEPTH];
    char symbol[LINE_MAX];
    say("%5d %-16s %s\n", task->tid->number, thread->name, thread_state_name(thread));
    if (thread->on_cpu)
        return;
    size_t count = backtrace_collect(arch_thread_frame_pointer(&thread->arch), addresses, THREAD_DEPTH);
    for (size_t i = 0; i < count; i++) {
        symbol_format_return(symbol, sizeof symbol, addresses[i]);
        say("        %s\n", symbol);
    }
}

/* Through the table of numbers, which is read without locks. */
static void command_threads(const struct trap_frame *frame, char *argument) {
    (void)frame;
    (void)argument;
    for (int number = 1; number <= PID_MAX; number++) {
        const struct pid *pid = pid_find(number);
        if (pid && pid->task)
            show_thread(pid->task);
    }
}

static void command_reboot(const struct trap_frame *frame, char *argument) {
    (void)frame;
    (void)argument;
    cpu_reset();
}

static const struct command commands[] = {
    {"regs", "registers of the exception", command_regs},
    {"bt", "call chain", command_bt},
    {"threads", "user threads: state, call chain in the kernel", command_threads},
    {"mem", "ADDRESS: 128 bytes of memory", command_mem},
    {"pagewalk", "ADDRESS: page-table entries on the way to it", command_pagewalk},
    {"sym", "ADDRESS or FUNCTION: the other one", command_sym},
    {"dmesg", "the kernel log", command_dmesg},
    {"reboot", "restart the machine", command_reboot},
};

static void read_line(char *line) {
    size_t length = 0;
    for (;;) {
        int c = serial_read();
        if (c == '\r' || c == '\n')
            break;
        if ((c == KEY_BACKSPACE || c == KEY_DELETE) && length > 0) {
            length--;
            say("\b \b");
        } else if (c >= ' ' && c < KEY_DELETE && length < LINE_MAX - 1) {
            line[length++] = (char)c;
            say("%c", c);
        }
        cpu_pause();
    }
    line[length] = 0;
    say("\n");
}

static void show_help(void) {
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        say("%-9s %s\n", commands[i].name, commands[i].help);
    say("%-9s leave the monitor\n", "continue");
}

static void execute(const char *word, const struct trap_frame *frame, char *argument) {
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(word, commands[i].name) == 0) {
            commands[i].run(frame, argument);
            return;
        }
    show_help();
}

void monitor_run(const struct trap_frame *frame) {
    char line[LINE_MAX];
    uint64_t flags = irq_save();
    say("Astra monitor; `help` lists the commands\n");
    for (;;) {
        char *rest = line, *word = NULL, *argument = NULL;
        say("monitor> ");
        read_line(line);
        if (parse_word(&rest, &word) <= 0)
            continue;
        if (parse_word(&rest, &argument) <= 0)
            argument = NULL;
        if (strcmp(word, "continue") == 0)
            break;
        execute(word, frame, argument);
    }
    irq_restore(flags);
}

void monitor_run_requested(void) {
    const char *init = cmdline_value("init");
    if (init && strcmp(init, "monitor") == 0)
        monitor_run(NULL);
}
