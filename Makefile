# Builds everything into build/. `make help` lists the targets.
# One non-recursive makefile; parts of the tree add their rules through the fragments included below.

B       := build
VERSION := $(shell cat VERSION)
GIT_ID  := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
DEBUG   ?= 0
KASAN   ?= 0
V       ?= 0
WERROR  ?= -Werror
# The time in all time stamps: that of the commit.
ifndef SOURCE_DATE_EPOCH
export SOURCE_DATE_EPOCH := $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
endif

.DELETE_ON_ERROR:
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL: # `make clean all`: one after the other
endif
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
all:

# ---- tools --------------------------------------------------------------

# The machine's own gcc where it targets x86-64, else the first cross gcc found.
ifeq ($(origin CROSS_COMPILE),undefined)
ifeq ($(filter x86_64%,$(shell gcc -dumpmachine 2>/dev/null)),)
CROSS_COMPILE := $(firstword $(foreach p,x86_64-linux-gnu- x86_64-elf-,$(if $(shell command -v $(p)gcc),$(p))))
endif
endif
CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
NASM    := nasm
HOSTCC  ?= gcc

# $(call run,STEP,TARGET,COMMAND): one quiet line a step; V=1 shows the command instead.
ifeq ($(V),0)
run = @printf '  %-8s %s\n' '$1' '$2'; $3
else
run = $3
endif

rwildcard = $(foreach d,$(sort $(wildcard $1/*)),$(call rwildcard,$d,$2)$(filter $2,$d))

# ---- flags --------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wundef \
  -Wvla -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough=5 \
  -Wcast-align=strict -Wredundant-decls -Wdate-time $(WERROR)
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=.
DEPFLAGS = -MMD -MP -MF $(@:.o=.d)

# The stack guard is the per-CPU variable stack_guard: %gs:stack_guard, GS base being the distance from the .percpu
# template to this CPU's copy (0 on the boot CPU).
KERNEL_CFLAGS := -std=gnu11 -O2 -g -ffreestanding -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pic \
  -fcf-protection=none -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-omit-frame-pointer \
  -fno-asynchronous-unwind-tables -fno-common -fstack-protector-strong -mstack-protector-guard=tls \
  -mstack-protector-guard-reg=gs -mstack-protector-guard-symbol=stack_guard --param=min-pagesize=0 \
  $(WARNINGS) -Wframe-larger-than=1024 -fstack-usage $(REPRODUCIBLE) -DCONFIG_DEBUG=$(DEBUG) \
  -DCONFIG_KASAN=$(KASAN) -I.
ifeq ($(DEBUG),1)
KERNEL_CFLAGS += -fsanitize=undefined
endif
# No -g: nasm writes the folder it ran in into the debugging information.
KERNEL_ASFLAGS := -f elf64 --reproducible -w+error -w-reloc-abs-dword -DCONFIG_DEBUG=$(DEBUG) -I./
KERNEL_LDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
  --build-id=sha1 --orphan-handling=error
HOST_CFLAGS := -std=gnu11 -O2 -g -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(WARNINGS) $(REPRODUCIBLE) -I.

# ---- sources --------------------------------------------------------------

# kernel/vdso/ is code of programs, built by its own rules.
KERNEL_LEFT_OUT := kernel/vdso/%
include kernel/debug/kasan.mk
KERNEL_C    := $(filter-out $(KERNEL_LEFT_OUT),$(foreach d,kernel fs drivers net,$(call rwildcard,$d,%.c))) \
  $(sort $(wildcard lib/*.c))
KERNEL_ASM  := $(call rwildcard,kernel,%.asm)
KERNEL_OBJ  := $(KERNEL_C:%.c=$B/obj/%.o) $(KERNEL_ASM:%=$B/obj/%.o)
IMAGE       := $B/astra.img

# What boot.mk builds, and what user.mk adds to the ramfs: list files (tools/mkimage/README.md has the line format)
# and whatever must be built before the files they name can be read.
STAGE1      := $B/boot/stage1.bin
STAGE2      := $B/boot/stage2.bin
RAMFS_LISTS :=
RAMFS_DEPS  :=

include tools/tools.mk
include boot/boot.mk
include user/user.mk
include drivers/video/font.mk
include kernel/vdso/vdso.mk
include tests/tests.mk
include tests/vm/programs.mk
include tests/bench/bench.mk

.PHONY: all kernel-objects tools image debug kasan run test docs clean help FORCE
all: kernel-objects tools $B/kernel.elf $(IMAGE) compile_commands.json
kernel-objects: $(KERNEL_OBJ)
image: $(IMAGE)
debug: # the checking variant, in a folder of its own
	@$(MAKE) --no-print-directory DEBUG=1 B=$B/debug image
kasan: # the same, and every access to memory checked
	@$(MAKE) --no-print-directory DEBUG=1 KASAN=1 B=$B/kasan image

# ---- kernel --------------------------------------------------------------

# Rewritten only when their text changes, so that new flags, another version and added or removed
# sources rebuild what they touch.
$B/flags.txt: STAMP = $(CC) $(KERNEL_CFLAGS) $(KERNEL_ASFLAGS) $(KERNEL_LDFLAGS) $(HOSTCC) $(HOST_CFLAGS)
$B/version.txt: STAMP = $(VERSION) $(GIT_ID)
$B/sources.txt: STAMP = $(KERNEL_C) $(KERNEL_ASM)
$B/flags.txt $B/version.txt $B/sources.txt: FORCE
	@mkdir -p $(@D); echo '$(STAMP)' | cmp -s - $@ || echo '$(STAMP)' > $@

$B/obj/lib/version.o: $B/version.txt
$B/obj/lib/version.o: EXTRA_CFLAGS = -DASTRA_VERSION='"$(VERSION)"' -DASTRA_BUILD_ID='"$(GIT_ID)"'

$B/obj/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(KERNEL_CFLAGS) $(EXTRA_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$B/obj/%.asm.o: %.asm $B/flags.txt
	@mkdir -p $(@D)
	$(call run,NASM,$<,$(NASM) $(KERNEL_ASFLAGS) -MD $(@:.o=.d) -MP $< -o $@)

# Two passes: the symbol table describes .text only and lies behind it, so adding it moves no symbol it describes.
$B/kernel.pass1: $(KERNEL_OBJ) kernel/kernel.ld $B/sources.txt
	$(call run,LD,$@,$(LD) $(KERNEL_LDFLAGS) -T kernel/kernel.ld $(KERNEL_OBJ) -o $@)

$B/ksyms.o: $B/kernel.pass1 $(KSYMS)
	$(call run,KSYMS,$@,$(KSYMS) $< $B/ksyms.bin && $(OBJCOPY) -I binary -O elf64-x86-64 \
	  --rename-section .data=.ksyms$(,)contents$(,)alloc$(,)load$(,)readonly$(,)data \
	  -w --strip-symbol='*' $B/ksyms.bin $@)
, := ,

$B/kernel.elf: $B/ksyms.o
	$(call run,LD,$@,$(LD) $(KERNEL_LDFLAGS) -T kernel/kernel.ld $(KERNEL_OBJ) $< -o $@)

# ---- image --------------------------------------------------------------

$B/boot/kernel.elf: $B/kernel.elf $(MKIMAGE)
	@mkdir -p $(@D)
	$(call run,STRIP,$@,$(OBJCOPY) --strip-all $< $@.stripped && $(MKIMAGE) --seal $@.stripped -o $@)

$B/ramfs.list: $(RAMFS_LISTS) $B/flags.txt
	$(call run,LIST,$@,cat /dev/null $(RAMFS_LISTS) > $@)

$B/boot/ramfs.cpio: $B/ramfs.list $(RAMFS_DEPS) $(MKIMAGE)
	@mkdir -p $(@D)
	$(call run,RAMFS,$@,$(MKIMAGE) --make-ramfs $< --depfile $@.d -o $@)

$(IMAGE): $(STAGE1) $(STAGE2) $B/boot/kernel.elf $B/boot/ramfs.cpio boot/astra.cfg boot/README.txt $(MKIMAGE)
	$(call run,IMAGE,$@,$(MKIMAGE) --stage1 $(STAGE1) --stage2 $(STAGE2) --kernel $B/boot/kernel.elf \
	  --ramfs $B/boot/ramfs.cpio --config boot/astra.cfg --readme boot/README.txt -o $@)

# ---- everything else --------------------------------------------------------------

# For editors and clang tools.
compile_commands.json: Makefile $B/flags.txt $B/sources.txt
	@for f in $(KERNEL_C); do printf '{"directory":"%s","file":"%s","command":"%s -c %s"},\n' \
	  '$(CURDIR)' $$f '$(CC) $(KERNEL_CFLAGS)' $$f; done | sed -e '1s/^/[/' -e '$$s/,$$/]/' > $@

run test:
	@./astra $@

docs: # what is made from the sources; committed, and checked by tests/tree
	$(call run,DOCS,docs/syscalls.md,tools/syscalls.py)

clean:
	rm -rf $B compile_commands.json

help:
	@echo 'make                 everything: $(IMAGE), $B/kernel.elf (with symbols)'
	@echo 'make run             boot it in QEMU in this terminal (./astra run)'
	@echo 'make test            the test suite (./astra test)'
	@echo 'make unit fuzz       the host tests of pure code alone'
	@echo 'make kernel-objects  compile the kernel without linking it'
	@echo 'make debug           the image with lock checking and costly asserts: $B/debug/astra.img'
	@echo 'make kasan           the same with every access to memory checked: $B/kasan/astra.img'
	@echo 'make tools           the host tools only'
	@echo 'make docs            docs/syscalls.md, from the table of system calls'
	@echo 'make clean           remove everything built'
	@echo 'V=1                  show the commands          DEBUG=1   lock checking and costly asserts'
	@echo 'CROSS_COMPILE=x86_64-linux-gnu-   the compiler to use     WERROR=   warnings are not errors'

-include $(KERNEL_OBJ:.o=.d) $B/boot/ramfs.cpio.d
