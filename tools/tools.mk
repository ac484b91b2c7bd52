# The host tools that make the image: mkimage packs it, ksyms makes the kernel's table of its own symbols.

FORMAT_SRC  := $(addprefix lib/,crc32.c elf.c cpio.c fat.c fat_read.c mbr.c bootcfg.c)
MKIMAGE_SRC := $(sort $(wildcard tools/mkimage/*.c)) $(FORMAT_SRC)
MKIMAGE     := $B/tools/mkimage
KSYMS       := $B/tools/ksyms

tools: $(KSYMS) $(MKIMAGE)

$B/host/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,HOSTCC,$<,$(HOSTCC) $(HOST_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$(MKIMAGE): $(MKIMAGE_SRC:%.c=$B/host/%.o)
$(KSYMS): $B/host/tools/ksyms/ksyms.o
$(MKIMAGE) $(KSYMS):
	@mkdir -p $(@D)
	$(call run,HOSTLD,$@,$(HOSTCC) $^ -o $@)

-include $(MKIMAGE_SRC:%.c=$B/host/%.d) $B/host/tools/ksyms/ksyms.d
