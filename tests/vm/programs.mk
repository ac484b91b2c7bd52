# Static programs that the guest tests run.

VM_PROGRAMS := $(patsubst tests/vm/programs/%.c,$B/tests/programs/%,$(wildcard tests/vm/programs/*.c))

.PHONY: vm-programs
vm-programs: $(VM_PROGRAMS)
$B/tests/programs/%: tests/vm/programs/%.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$<,$(MUSLCC) -static -std=gnu11 -O1 -D_GNU_SOURCE -w -o $@ $<)
