/*
 * boottrace: how long each step took from the boot sector to the prompt, and what the BIOS was
 * asked meanwhile. Reads /kernel/hw/boot/events, bios_calls and info; boot/README.md explains the steps.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "user/boottrace/bios_calls.h"
#include "user/boottrace/chart.h"

#define CALLS_SHOWN 20u
#define FOLDER "/kernel/hw/boot"
#define LINES_MIN 12u /* of a terminal whose size is taken seriously */

enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

struct request {
    const char *folder;
    bool help, bios, all, plain;
    struct bios_listing listing;
};

static const char usage[] =
    "boottrace                 a timeline from the boot sector to the prompt\n"
    "    --plain               without colours (so too when not on a terminal)\n"
    "boottrace --bios          the loader's BIOS calls, the slowest 20 first\n"
    "    --order               as they were made\n"
    "    --registers           with the registers that went in and came out\n"
    "--all                     also what would not fit\n"
    "--from FOLDER             shows files saved from /kernel/hw/boot anywhere\n"
    "\n"
    "Columns: ms, share of the whole, share of it inside the BIOS, bytes loaded and\n"
    "megabytes (10^6) a second of the whole step, checksums included. Stage1 does not\n"
    "time its calls. The prompt is when a shell first waited for input.\n"
    "The figures are in /kernel/hw/boot/events, bios_calls and info.\n";

static bool parse(struct request *request, int argc, char **argv) {
    const struct {
        const char *word;
        bool *set;
    } words[] = {
        {"--help", &request->help},   {"--bios", &request->bios},
        {"--all", &request->all},     {"--plain", &request->plain},
        {"--order", &request->listing.in_order}, {"--registers", &request->listing.registers},
    };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--from") == 0 && i + 1 < argc) {
            request->folder = argv[++i];
            continue;
        }
        size_t found = 0;
        while (found < sizeof words / sizeof *words && strcmp(argv[i], words[found].word) != 0)
            found++;
        if (found == sizeof words / sizeof *words)
            return false;
        *words[found].set = true;
    }
    return request->bios || !(request->listing.in_order || request->listing.registers);
}

/* A whole screen of a terminal, but for the prompt that follows. */
static size_t lines_there(void) {
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > LINES_MIN ? size.ws_row - 1u : 0;
}

static bool show_timeline(const struct timeline *timeline, const struct request *request) {
    struct chart chart = {
        .colours = !request->plain && isatty(STDOUT_FILENO),
        .lines = request->all ? 0 : lines_there(),
    };

    if (timeline->tsc_hz)
        chart_print(timeline, &chart);
    else
        chart_print_order(timeline);
    return true;
}

int main(int argc, char **argv) {
    static struct timeline timeline;
    struct request request = {.folder = FOLDER};
    struct table events;

    if (!parse(&request, argc, argv) || request.help) {
        fputs(usage, request.help ? stdout : stderr);
        return request.help ? STATUS_OK : STATUS_USAGE;
    }
    if (!timeline_read(&timeline, request.folder, &events))
        return STATUS_FAILED;
    request.listing.folder = request.folder;
    request.listing.tsc_hz = timeline.tsc_hz;
    request.listing.limit = request.all ? SIZE_MAX : CALLS_SHOWN;
    bool done = request.bios ? bios_calls_print(&request.listing) : show_timeline(&timeline, &request);

    table_free(&events);
    return done ? STATUS_OK : STATUS_FAILED;
}
