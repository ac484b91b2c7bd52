/* Self-tests of views: growing buffers, listing, writing. */
#include "kernel/view/view.h"

#include "kernel/debug/selftest.h"
#include "lib/errno.h"
#include "lib/string.h"

#define LINES 2000u

static int stored;

static void show_lines(struct view_buffer *buffer, void *context) {
    for (unsigned i = 0; i < LINES; i++)
        view_printf(buffer, "%s %u\n", (const char *)context, i);
}

static int store(const char *text, size_t length, void *context) {
    (void)context;
    stored = (int)length;
    return strcmp(text, "good") == 0 ? 0 : -EINVAL;
}

static void show_instance(struct view_buffer *buffer, void *context) {
    view_printf(buffer, "%s %u\n", (const char *)context, buffer->instance);
}

static uint64_t list_names(const char *directory, char *names, size_t size) {
    struct view_child child;
    uint64_t index = 0, count = 0;
    names[0] = '\0';
    for (; view_list(VIEW_KERNEL, directory, &index, &child); count++) {
        strlcpy(names + strlen(names), child.name, size - strlen(names));
        strlcpy(names + strlen(names), child.is_directory ? "/ " : " ", size - strlen(names));
    }
    return count;
}

SELFTEST(views_numbered, "view.numbered") {
    struct view size = {.tree = VIEW_KERNEL, .path = "selftest/n#/size", .instances = 11, .show = show_instance,
                        .context = "size"};
    struct view kind = {.tree = VIEW_KERNEL, .path = "selftest/n#/kind", .instances = 11, .show = show_instance,
                        .context = "kind"};
    struct view_buffer buffer = {0};
    char names[80];
    view_register(&size);
    view_register(&kind);
    CHECK(list_names("selftest", names, sizeof names) == 11);
    CHECK(strcmp(names, "n0/ n1/ n2/ n3/ n4/ n5/ n6/ n7/ n8/ n9/ n10/ ") == 0);
    CHECK(list_names("selftest/n10", names, sizeof names) == 2 && strcmp(names, "size kind ") == 0);
    CHECK(view_kind(VIEW_KERNEL, "selftest/n1") == VIEW_DIRECTORY && view_kind(VIEW_KERNEL, "selftest/n10/kind") == VIEW_FILE);
    CHECK(view_kind(VIEW_KERNEL, "selftest/n11") == VIEW_NONE && view_kind(VIEW_KERNEL, "selftest/n01/kind") == VIEW_NONE);
    CHECK(view_kind(VIEW_KERNEL, "selftest/n/kind") == VIEW_NONE && view_kind(VIEW_KERNEL, "selftest/n1x/kind") == VIEW_NONE);
    CHECK(view_show(VIEW_KERNEL, "selftest/n7/kind", &buffer) == 0 && strncmp(buffer.text, "kind 7\n", 7) == 0);
    view_buffer_free(&buffer);
    view_unregister(&size);
    view_unregister(&kind);
}

SELFTEST(views_render, "view.render") {
    struct view first = {.tree = VIEW_KERNEL, .path = "selftest/a", .show = show_lines, .context = "first"};
    struct view second = {.tree = VIEW_KERNEL, .path = "selftest/deep/b", .show = show_lines, .store = store, .context = "2"};
    struct view_buffer buffer = {0};
    struct view_child child;
    uint64_t index = 0;
    view_register(&first);
    view_register(&second);
    CHECK(view_kind(VIEW_KERNEL, "selftest/a") == VIEW_FILE);
    CHECK(view_kind(VIEW_KERNEL, "selftest/deep") == VIEW_DIRECTORY);
    CHECK(view_kind(VIEW_KERNEL, "selftest/deep/b") == VIEW_WRITABLE_FILE);
    CHECK(view_kind(VIEW_PROC, "selftest/a") == VIEW_NONE && view_kind(VIEW_KERNEL, "self") == VIEW_NONE);
    CHECK(view_list(VIEW_KERNEL, "selftest", &index, &child) && strcmp(child.name, "a") == 0 && !child.is_directory);
    CHECK(view_list(VIEW_KERNEL, "selftest", &index, &child) && strcmp(child.name, "deep") == 0 && child.is_directory);
    CHECK(!view_list(VIEW_KERNEL, "selftest", &index, &child));

    CHECK(view_show(VIEW_KERNEL, "selftest/a", &buffer) == 0 && buffer.length > LINES * 8);
    CHECK(strncmp(buffer.text, "first 0\nfirst 1\n", 16) == 0);
    CHECK(strncmp(buffer.text + buffer.length - 11, "first 1999\n", 11) == 0);
    view_buffer_free(&buffer);
    CHECK(view_store(VIEW_KERNEL, "selftest/deep/b", "good", 4) == 0 && stored == 4);
    CHECK(view_store(VIEW_KERNEL, "selftest/deep/b", "bad", 3) == -EINVAL);
    CHECK(view_store(VIEW_KERNEL, "selftest/a", "good", 4) == -EACCES);

    view_unregister(&first);
    view_unregister(&second);
    CHECK(view_show(VIEW_KERNEL, "selftest/a", &buffer) == -ENOENT);
}
