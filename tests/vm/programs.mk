# Static programs that the guest tests run: of one file, or of all in a folder.

VM_FOLDERS  := $(sort $(patsubst tests/vm/programs/%/,%,$(dir $(wildcard tests/vm/programs/*/*.c))))
VM_PROGRAMS := $(patsubst tests/vm/programs/%.c,$B/tests/programs/%,$(wildcard tests/vm/programs/*.c)) \
               $(VM_FOLDERS:%=$B/tests/programs/%)
VM_CFLAGS   := -static -std=gnu11 -O1 -D_GNU_SOURCE -w -pthread -I.

.PHONY: vm-programs
vm-programs: $(VM_PROGRAMS)
$B/tests/programs/%: tests/vm/programs/%.c $(wildcard tests/vm/programs/*.h) $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$<,$(MUSLCC) $(VM_CFLAGS) -o $@ $<)

define vm_folder
$B/tests/programs/$(1): $(wildcard tests/vm/programs/$(1)/*.[ch]) $(wildcard tests/vm/programs/*.h) $B/flags.txt
	@mkdir -p $$(@D)
	$$(call run,MUSLCC,$$@,$$(MUSLCC) $$(VM_CFLAGS) -o $$@ $$(filter %.c,$$^))
endef
$(foreach folder,$(VM_FOLDERS),$(eval $(call vm_folder,$(folder))))
$B/tests/programs/arguments: kernel/sys/table.h
