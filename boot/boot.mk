# Stage1 and stage2. The loader is 32-bit code linked without any library of the compiler, small before all else:
# stack and data are aligned to words only.

LOADER_LIB  := $(addprefix lib/,string.c format.c crc32.c elf.c cpio.c fat.c fat_read.c mbr.c e820.c bootcfg.c \
  assert.c version.c bios_log.c)
LOADER_C    := $(sort $(wildcard boot/stage2/*.c)) $(LOADER_LIB)
LOADER_ASM  := $(sort $(wildcard boot/stage2/*.asm))
LOADER_OBJ  := $(LOADER_C:%.c=$B/boot/obj/%.o) $(LOADER_ASM:%=$B/boot/obj/%.o)

LOADER_CFLAGS := -m32 -march=i386 -std=gnu11 -Os -g -ffreestanding -mgeneral-regs-only -mno-80387 -fno-pic -fno-pie \
  -fcf-protection=none -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-stack-protector \
  -fno-asynchronous-unwind-tables -fno-common -ffunction-sections -fdata-sections --param=min-pagesize=0 \
  -mpreferred-stack-boundary=2 -fno-omit-frame-pointer -malign-data=abi \
  $(WARNINGS) -Wframe-larger-than=2048 $(REPRODUCIBLE) -I.

# The lines that nasm notes stay in the ELF files: nothing of them reaches the image.
LOADER_ASFLAGS := -f elf32 -g -F dwarf --reproducible -w+error -I$B/boot/

# The constants that C and assembly share.
$B/boot/layout.inc: boot/layout.h
	@mkdir -p $(@D)
	$(call run,GEN,$@,sed -n -e 's/^#define/%define/' -e 's|/\*.*||' -e '/^%define/p' $< > $@)

# Linked where the BIOS loads it, so that debuggers have its symbols and lines.
$B/boot/obj/stage1.o: boot/stage1/stage1.asm boot/stage1/large_sectors.asm $B/boot/layout.inc
	@mkdir -p $(@D)
	$(call run,NASM,$<,$(NASM) $(LOADER_ASFLAGS) -Iboot/stage1/ $< -o $@)

$B/boot/stage1.elf: $B/boot/obj/stage1.o
	$(call run,LD,$@,$(LD) -m elf_i386 --build-id=none -Ttext=0x7c00 -e 0x7c00 $< -o $@)

$(STAGE1): $B/boot/stage1.elf
	$(call run,OBJCOPY,$@,$(OBJCOPY) -O binary -j .text $< $@)

$B/boot/obj/lib/version.o: $B/version.txt
$B/boot/obj/lib/version.o: EXTRA_CFLAGS = -DASTRA_VERSION='"$(VERSION)"' -DASTRA_BUILD_ID='"$(GIT_ID)"'

# These two see every byte, or every cluster, of what is loaded. CRC tables are made at run time: 8 KiB less in a file
# of limited size.
$B/boot/obj/lib/crc32.o $B/boot/obj/lib/fat_read.o: EXTRA_CFLAGS = -O2 -DCRC32_FILL=1

$B/boot/obj/%.o: %.c $B/flags.txt boot/boot.mk
	@mkdir -p $(@D)
	$(call run,CC32,$<,$(CC) $(LOADER_CFLAGS) $(EXTRA_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$B/boot/obj/%.asm.o: %.asm $B/boot/layout.inc
	@mkdir -p $(@D)
	$(call run,NASM,$<,$(NASM) $(LOADER_ASFLAGS) $< -o $@)

LOADER_LD = $(LD) -m elf_i386 -nostdlib -static --gc-sections --build-id=none --no-warn-rwx-segments -z noexecstack \
  -T boot/stage2/stage2.ld
$B/boot/stage2.elf: $(LOADER_OBJ) boot/stage2/stage2.ld
	$(call run,LD,$@,$(LOADER_LD) $(LOADER_OBJ) -o $@)

$(STAGE2): $B/boot/stage2.elf
	$(call run,OBJCOPY,$@,$(OBJCOPY) -O binary $< $@)

.PHONY: loader
loader: $(STAGE1) $(STAGE2)

-include $(LOADER_OBJ:.o=.d)
-include tests/boot/probe.mk
