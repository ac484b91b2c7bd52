# The programs of ./astra bench: static, so that the same files run on Astra and on Linux. musl, not glibc: its
# library does the least before and after a system call, and it is what the other programs are built with.

BENCH := $B/tests/bench/bench
BENCH_TINY := $B/tests/bench/tiny

.PHONY: bench-programs
bench-programs: $(BENCH) $(BENCH_TINY)
vm-programs: bench-programs
$(BENCH): $(filter-out %/tiny.c,$(wildcard tests/bench/*.c))
$(BENCH_TINY): tests/bench/tiny.c
$(BENCH) $(BENCH_TINY): tests/bench/bench.h $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$@,$(MUSLCC) -static -s -std=gnu11 -O2 -Wall -Wextra -Wno-unused-result $(WERROR) -o $@ $(filter %.c,$^))

# What ./astra profile loads into QEMU.
PROFILE_PLUGIN := $B/tools/profile.so
.PHONY: profile-plugin
profile-plugin: $(PROFILE_PLUGIN)
$(PROFILE_PLUGIN): tools/profile/profile.c tools/profile/qemu_plugin.h $B/flags.txt
	@mkdir -p $(@D)
	$(call run,HOSTCC,$@,$(HOSTCC) $(HOST_CFLAGS) -fPIC -fvisibility=hidden -shared -o $@ $<)
