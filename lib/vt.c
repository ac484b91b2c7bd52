/*
 * Terminal emulator: UTF-8 decoding and the state machine that recognises control characters
 * and escape sequences (ECMA-48 §5; the states follow the VT500's parser).
 */
#include "lib/vt.h"

#include "lib/bits.h"
#include "lib/string.h"
#include "lib/vt_internal.h"

#define CAN 0x18
#define SUB 0x1a
#define PARAM_MAX 9999u
#define LINUX_PALETTE_DIGITS 7 /* ESC ] P nrrggbb */

static void enter_escape(struct vt *vt) {
    vt->state = VT_ESCAPE;
    vt->intermediate = 0;
}

static void enter_csi(struct vt *vt) {
    vt->state = VT_CSI;
    vt->prefix = vt->intermediate = 0;
    vt->nparams = 0;
    memset(vt->params, 0, sizeof(vt->params));
}

static void in_escape(struct vt *vt, uint8_t byte) {
    if (byte < 0x30) {
        vt->state = VT_ESCAPE_INTERMEDIATE;
        vt->intermediate = byte;
    } else if (byte == '[') {
        enter_csi(vt);
    } else if (byte == ']') {
        vt->state = VT_OSC_START;
    } else if (strchr("PX^_", byte)) { /* DCS, SOS, PM, APC */
        vt->state = VT_STRING;
    } else {
        vt->state = VT_GROUND;
        vt_escape(vt, byte);
    }
}

static void in_escape_intermediate(struct vt *vt, uint8_t byte) {
    if (byte < 0x30)
        return;
    vt->state = VT_GROUND;
    vt_escape(vt, byte);
}

static void in_param(struct vt *vt, uint8_t byte) {
    if (vt->nparams == 0)
        vt->nparams = 1;
    if (byte == ';' || byte == ':') {
        if (vt->nparams == VT_PARAMS_MAX)
            vt->state = VT_CSI_IGNORE;
        else
            vt->nparams++;
        return;
    }
    uint16_t *param = &vt->params[vt->nparams - 1];
    unsigned value = *param * 10u + (byte - '0');
    *param = (uint16_t)MIN(value, PARAM_MAX);
}

static void in_csi(struct vt *vt, uint8_t byte) {
    if (byte >= '0' && byte <= ';') {
        in_param(vt, byte);
    } else if (byte == '[' && !vt->nparams && !vt->prefix) {
        vt->state = VT_LINUX_FUNCTION_KEY;
    } else if (byte >= '<' && byte <= '?') {
        vt->prefix = byte;
        if (vt->nparams)
            vt->state = VT_CSI_IGNORE;
    } else if (byte < '0') {
        vt->intermediate = byte;
    } else {
        vt->state = VT_GROUND;
        vt_csi(vt, byte);
    }
}

/* After ESC ]: the Linux console's palette sequences have no terminator. */
static void in_osc_start(struct vt *vt, uint8_t byte) {
    vt->state = byte == 'R' ? VT_GROUND : byte == 'P' ? VT_LINUX_PALETTE : VT_STRING;
    vt->skip = LINUX_PALETTE_DIGITS;
}

/* A byte of an escape sequence, 0x20 and above, but not DEL. */
static void in_sequence(struct vt *vt, uint8_t byte) {
    switch (vt->state) {
    case VT_ESCAPE: in_escape(vt, byte); break;
    case VT_ESCAPE_INTERMEDIATE: in_escape_intermediate(vt, byte); break;
    case VT_CSI: in_csi(vt, byte); break;
    case VT_CSI_IGNORE:
        if (byte >= '@')
            vt->state = VT_GROUND;
        break;
    case VT_LINUX_FUNCTION_KEY: vt->state = VT_GROUND; break;
    case VT_OSC_START: in_osc_start(vt, byte); break;
    case VT_LINUX_PALETTE:
        if (--vt->skip == 0)
            vt->state = VT_GROUND;
        break;
    case VT_STRING_ESCAPE: enter_escape(vt); in_escape(vt, byte); break;
    case VT_STRING:
    case VT_GROUND: break;
    }
}

static bool in_string(const struct vt *vt) {
    return vt->state == VT_STRING || vt->state == VT_OSC_START || vt->state == VT_STRING_ESCAPE;
}

/* C0 control characters act even in the middle of a sequence, except in strings. */
static void c0(struct vt *vt, uint8_t byte) {
    if (byte == CAN || byte == SUB || (byte == '\a' && in_string(vt)))
        vt->state = VT_GROUND;
    else if (byte == ESC && in_string(vt))
        vt->state = VT_STRING_ESCAPE;
    else if (byte == ESC)
        enter_escape(vt);
    else if (!in_string(vt))
        vt_control(vt, byte);
}

/* The first byte of a UTF-8 sequence (Unicode Standard, table 3-7). */
static void utf8_first(struct vt *vt, uint8_t byte) {
    if (byte < 0x80) {
        vt_put(vt, byte);
    } else if (byte < 0xc2 || byte > 0xf4) {
        vt_put(vt, REPLACEMENT_CHARACTER);
    } else {
        vt->utf8_missing = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        vt->utf8_codepoint = byte & (0x3fu >> vt->utf8_missing);
        vt->utf8_least = vt->utf8_missing == 1 ? 0x80 : vt->utf8_missing == 2 ? 0x800 : 0x10000;
    }
}

static void utf8_next(struct vt *vt, uint8_t byte) {
    uint32_t codepoint = vt->utf8_codepoint << 6 | (byte & 0x3f);

    vt->utf8_codepoint = codepoint;
    if (--vt->utf8_missing)
        return;
    bool surrogate = codepoint >= 0xd800 && codepoint <= 0xdfff;
    bool valid = codepoint >= vt->utf8_least && codepoint <= 0x10ffff && !surrogate;
    vt_put(vt, valid ? codepoint : REPLACEMENT_CHARACTER);
}

static void write_byte(struct vt *vt, uint8_t byte) {
    if (vt->utf8_missing) {
        if ((byte & 0xc0) == 0x80) {
            utf8_next(vt, byte);
            return;
        }
        vt->utf8_missing = 0;
        vt_put(vt, REPLACEMENT_CHARACTER);
    }
    if (byte < 0x20)
        c0(vt, byte);
    else if (byte == DEL)
        return;
    else if (vt->state == VT_GROUND)
        utf8_first(vt, byte);
    else
        in_sequence(vt, byte);
}

void vt_write(struct vt *vt, const void *bytes, size_t count) {
    const uint8_t *p = bytes;

    while (count--)
        write_byte(vt, *p++);
}
