# The probe kernel and the hostile-BIOS boot sectors of the loader's tests.

PROBE_C      := tests/boot/probe.c $(addprefix lib/,string.c format.c crc32.c cpio.c e820.c assert.c)
PROBE_OBJ    := $(PROBE_C:%.c=$B/probe/%.o) $B/probe/tests/boot/probe_entry.asm.o
PROBE_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic \
  -fcf-protection=none -fno-stack-protector -fno-asynchronous-unwind-tables $(WARNINGS) $(REPRODUCIBLE) -I.

$B/probe/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(PROBE_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$B/probe/%.asm.o: %.asm
	@mkdir -p $(@D)
	$(call run,NASM,$<,$(NASM) -f elf64 --reproducible -w+error $< -o $@)

$B/probe/kernel.elf: $(PROBE_OBJ) tests/boot/probe.ld $(MKIMAGE)
	$(call run,LD,$@,$(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack -T tests/boot/probe.ld \
	  $(PROBE_OBJ) -o $@.unsealed && $(MKIMAGE) --seal $@.unsealed -o $@)

$B/probe/hostile.bin: tests/boot/hostile.asm $B/boot/layout.inc
	@mkdir -p $(@D)
	$(call run,NASM,$<,$(NASM) -f bin -w+error -I$B/boot/ $< -o $@)

.PHONY: loader-tests
loader-tests: $B/probe/kernel.elf $B/probe/hostile.bin loader $(MKIMAGE)

-include $(PROBE_OBJ:.o=.d)
