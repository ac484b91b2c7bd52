# Static programs that the guest tests run.

VM_PROGRAMS := $(patsubst tests/vm/programs/%.c,$B/tests/programs/%,$(wildcard tests/vm/programs/*.c))

RACES_SRC   := $(wildcard tests/vm/programs/races/*.c)
VM_PROGRAMS += $B/tests/programs/races

ARGUMENTS_SRC := $(wildcard tests/vm/programs/arguments/*.c)
VM_PROGRAMS   += $B/tests/programs/arguments

.PHONY: vm-programs
vm-programs: $(VM_PROGRAMS)
$B/tests/programs/%: tests/vm/programs/%.c $(wildcard tests/vm/programs/*.h) $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$<,$(MUSLCC) -static -std=gnu11 -O1 -D_GNU_SOURCE -w -I. -o $@ $<)

$B/tests/programs/races: $(RACES_SRC) tests/vm/programs/races/races.h $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$@,$(MUSLCC) -static -std=gnu11 -O1 -D_GNU_SOURCE -w -pthread -o $@ $(RACES_SRC))

$B/tests/programs/arguments: $(ARGUMENTS_SRC) tests/vm/programs/arguments/arguments.h kernel/sys/table.h $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$@,$(MUSLCC) -static -std=gnu11 -O1 -D_GNU_SOURCE -w -I. -o $@ $(ARGUMENTS_SRC))
