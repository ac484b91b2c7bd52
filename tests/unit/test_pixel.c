/* drivers/video/pixel.c: formats of 2, 3 and 4 bytes, pairs of pixels, doubled pixels. */
#include "drivers/video/pixel.h"

#include "tests/unit/unit.h"

#define WHITE 0xffffff
#define BLACK 0

static const struct boot_video xrgb = {.bits_per_pixel = 32, .red = {16, 8}, .green = {8, 8}, .blue = {0, 8}};
static const struct boot_video bgr24 = {.bits_per_pixel = 24, .red = {0, 8}, .green = {8, 8}, .blue = {16, 8}};
static const struct boot_video rgb565 = {.bits_per_pixel = 16, .red = {11, 5}, .green = {5, 6}, .blue = {0, 5}};
static const struct boot_video rgb555 = {.bits_per_pixel = 15, .red = {10, 5}, .green = {5, 5}, .blue = {0, 5}};
static const struct boot_video deep = {.bits_per_pixel = 32, .red = {20, 10}, .green = {10, 10}, .blue = {0, 10}};

static struct pixel_format format_of(const struct boot_video *video) {
    struct pixel_format format = {0};
    CHECK(pixel_format_of(video, &format));
    return format;
}

static uint32_t encode(const struct boot_video *video, uint32_t rgb) {
    struct pixel_format format = format_of(video);
    return pixel_encode(&format, rgb);
}

TEST(colours) {
    CHECK_EQ(encode(&xrgb, 0x123456), 0x123456);
    CHECK_EQ(encode(&bgr24, 0x123456), 0x563412);
    CHECK_EQ(encode(&rgb565, WHITE), 0xffff);
    CHECK_EQ(encode(&rgb565, 0xff0000), 0xf800);
    CHECK_EQ(encode(&rgb565, 0x00ff00), 0x07e0);
    CHECK_EQ(encode(&rgb555, WHITE), 0x7fff);
    CHECK_EQ(encode(&deep, WHITE), 0x3fffffff);
    CHECK_EQ(encode(&deep, 0x0000ff), 0x3ff);
    CHECK_EQ(encode(&xrgb, BLACK), 0);
}

TEST(absurd_formats) {
    struct pixel_format format;
    struct boot_video video = xrgb;

    CHECK(!pixel_format_of(&(struct boot_video){.bits_per_pixel = 8}, &format));
    video.red.position = 25;
    CHECK(!pixel_format_of(&video, &format));
    video.red = (struct boot_colour){0, 0};
    CHECK(!pixel_format_of(&video, &format));
    video.red = (struct boot_colour){255, 255};
    CHECK(!pixel_format_of(&video, &format));
}

static uint32_t pixel_at(const uint8_t *line, unsigned bytes, unsigned x) {
    uint32_t pixel = 0;
    memcpy(&pixel, line + (size_t)x * bytes, bytes);
    return pixel;
}

#define WIDTH 13
#define HEIGHT 2

/* Two lines of 13 bits in memory of exactly the size promised; each pixel is read back. */
static void check_drawing(const struct boot_video *video, unsigned scale) {
    static const uint8_t bits[HEIGHT][2] = {{0xb2, 0x58}, {0x0f, 0xa0}};
    struct pixel_canvas canvas = {.format = format_of(video), .scale = scale};
    unsigned bytes = canvas.format.bytes;
    uint32_t fg = pixel_encode(&canvas.format, 0xffcc88), bg = pixel_encode(&canvas.format, 0x224466);
    struct pixel_ink ink = pixel_ink(&canvas.format, fg, bg);

    canvas.pitch = (size_t)WIDTH * scale * bytes + PIXEL_SLACK;
    uint8_t *memory = malloc(HEIGHT * canvas.pitch);
    pixel_draw(&canvas, memory, &ink, &(struct pixel_bitmap){bits[0], 2, WIDTH, HEIGHT});
    for (unsigned x = 0; x < HEIGHT * WIDTH * scale; x++) {
        unsigned line = x / (WIDTH * scale), column = x % (WIDTH * scale);
        bool set = bits[line][column / scale / 8] >> (7 - column / scale % 8) & 1;
        CHECK_EQ(pixel_at(memory + line * canvas.pitch, bytes, column), set ? fg : bg);
    }
    free(memory);
}

TEST(drawing) {
    const struct boot_video *const videos[] = {&xrgb, &bgr24, &rgb565, &rgb555, &deep};

    for (size_t i = 0; i < sizeof videos / sizeof *videos; i++) {
        check_drawing(videos[i], 1);
        check_drawing(videos[i], 2);
    }
}
