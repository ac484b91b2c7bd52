# The vDSO: code for user mode, linked as a shared object of its own and put into the kernel as a binary object.

VDSO_CFLAGS := -std=gnu11 -O2 -ffreestanding -fPIC -mgeneral-regs-only -fcf-protection=none -fno-stack-protector \
  -fno-strict-aliasing -fno-common -fasynchronous-unwind-tables -fomit-frame-pointer $(WARNINGS) $(REPRODUCIBLE) \
  -DCONFIG_DEBUG=0 -I.
VDSO_LDFLAGS := -shared -soname=linux-vdso.so.1 --hash-style=both --eh-frame-hdr --build-id=sha1 -Bsymbolic \
  -z max-page-size=4096 -z noexecstack -z defs --no-warn-rwx-segments --orphan-handling=error --strip-all

$B/vdso/vdso.o: kernel/vdso/vdso.c kernel/vdso/vdso.mk $B/flags.txt
	@mkdir -p $(@D)
	$(call run,CC,$<,$(CC) $(VDSO_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$B/vdso/vdso.so: $B/vdso/vdso.o kernel/vdso/vdso.ld
	$(call run,LD,$@,$(LD) $(VDSO_LDFLAGS) -T kernel/vdso/vdso.ld $< -o $@)

$B/obj/vdso.o: $B/vdso/vdso.so
	@mkdir -p $(@D)
	$(call run,OBJCOPY,$@,$(OBJCOPY) -I binary -O elf64-x86-64 \
	  --rename-section .data=.vdso$(,)contents$(,)alloc$(,)load$(,)readonly$(,)data \
	  -w --strip-symbol='*' $< $@)

KERNEL_OBJ += $B/obj/vdso.o
-include $B/vdso/vdso.d
