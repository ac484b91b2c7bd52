/* lib/vt*.c: the input is written to a small terminal, whose size its first byte gives. */
#include "lib/vt.h"

#include <stdlib.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

static void take_reply(void *ctx, const char *bytes, size_t count) {
    (void)ctx;
    ASSERT(bytes && count > 0 && count < 24);
}

static void take_history(void *ctx, const struct vt_cell *cells, unsigned cols) {
    (void)ctx;
    ASSERT(cells && cells[cols - 1].codepoint <= 0x10ffff);
}

static const struct vt_ops ops = { take_reply, take_history, NULL };

static void check_invariants(const struct vt *vt) {
    ASSERT(vt->cursor.row < vt->rows && vt->cursor.col < vt->cols);
    ASSERT(vt->top <= vt->bottom && vt->bottom < vt->rows);
    ASSERT(vt->nparams <= VT_PARAMS_MAX);
}

/* The rows of both screens must still be all of the memory. */
static void check_rows(const struct vt *vt, const struct vt_cell *memory) {
    uint64_t seen = 0;

    for (unsigned i = 0; i < 2u * vt->rows; i++)
        seen |= BIT((size_t)(vt->screens[i / vt->rows].row[i % vt->rows] - memory) / vt->cols);
    ASSERT(seen == BIT(2u * vt->rows) - 1);
}

int fuzz_one(const uint8_t *data, size_t size) {
    static struct vt vt;
    unsigned rows = 2 + (size ? data[0] % 8u : 0), cols = 2 + (size ? data[0] / 8u : 0);
    struct vt_cell *memory = malloc(VT_CELLS(rows, cols) * sizeof(*memory));

    vt_init(&vt, rows, cols, memory, &ops, NULL);
    for (size_t i = 1; i < size; i++) {
        vt_write(&vt, &data[i], 1);
        check_invariants(&vt);
    }
    check_rows(&vt, memory);
    free(memory);
    return 0;
}
