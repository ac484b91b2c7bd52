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

# The boot sector of the misbehaving BIOS; C, assembly and the tests read its fault numbers in one place.
$B/probe/faults.inc: tests/boot/hostile/faults.h
	@mkdir -p $(@D)
	$(call run,GEN,$@,sed -n -e 's/^#define/%define/' -e 's|/\*.*||' -e '/^%define/p' $< > $@)

HOSTILE_ASM := tests/boot/hostile/hostile.asm $(sort $(wildcard tests/boot/hostile/*.inc))
$B/probe/hostile.bin: $(HOSTILE_ASM) $B/boot/layout.inc $B/probe/faults.inc
	$(call run,NASM,$@,$(NASM) -f bin -w+error -I$B/boot/ -I$B/probe/ -Itests/boot/hostile/ $< -o $@)

# A stage2 whose A20 switches are stuck: other objects in place of the ports.
STUCK_OBJ := $(filter-out $B/boot/obj/boot/stage2/a20_ports.o,$(LOADER_OBJ)) $B/boot/obj/tests/boot/hostile/stuck_ports.o
$B/probe/stage2-stuck.elf: $(STUCK_OBJ) boot/stage2/stage2.ld
	$(call run,LD,$@,$(LOADER_LD) $(STUCK_OBJ) -o $@)
$B/probe/stage2-stuck.bin: $B/probe/stage2-stuck.elf
	$(call run,OBJCOPY,$@,$(OBJCOPY) -O binary $< $@)

$B/probe/next_device.bin: tests/boot/next_device.asm
	@mkdir -p $(@D)
	$(call run,NASM,$@,$(NASM) -f bin -w+error $< -o $@)

.PHONY: loader-tests
loader-tests: $B/probe/kernel.elf $B/probe/next_device.bin $B/probe/hostile.bin $B/probe/stage2-stuck.bin loader $(MKIMAGE)

-include $(PROBE_OBJ:.o=.d)
