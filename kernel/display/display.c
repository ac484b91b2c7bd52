/* Brings displays and their client together, in whichever order they come. Boot time only, one thread. */
#include "kernel/display/display.h"

#include "lib/assert.h"

static struct list_node displays = LIST_INIT(displays);
static const struct display_client *client;

void display_register(struct display *display) {
    ASSERT(display->rows > 0 && display->columns > 0);
    list_add_tail(&display->node, &displays);
    if (client)
        client->attach(display);
}

void display_set_client(const struct display_client *new_client) {
    struct display *display;

    client = new_client;
    list_for_each_entry(display, &displays, node)
        client->attach(display);
}
