# Host tests of pure code, under the address and undefined-behaviour sanitisers.
#   make unit   every tests/unit/test_*.c, a program each
#   make fuzz   every tests/fuzz/fuzz_*.c: its kept corpus, then FUZZ_RUNS mutations from FUZZ_SEED
# All of lib/ is linked in; further sources of a test go into UNIT_SRC_test_X or FUZZ_SRC_fuzz_X.

FUZZ_RUNS ?= 50000
FUZZ_SEED ?= 1

UNIT_TESTS   := $(basename $(notdir $(sort $(wildcard tests/unit/test_*.c))))
FUZZ_TARGETS := $(basename $(notdir $(sort $(wildcard tests/fuzz/fuzz_*.c))))
HOSTED_LIB   := $(filter-out lib/version.c,$(sort $(wildcard lib/*.c)))

TEST_CFLAGS := $(filter-out -O2,$(HOST_CFLAGS)) -DCONFIG_DEBUG=0 -DCONFIG_KASAN=0 -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
  -fno-sanitize-recover=all
TEST_ENV    := ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

UNIT_SRC_test_fat := $(addprefix tools/mkimage/,volume_write.c volume_tree.c volume_names.c host.c)

# ---- unit --------------------------------------------------------------

UNIT_SRC_test_vma_tree    := kernel/vm/vma_tree.c
UNIT_SRC_test_name_words  := fs/vfs/name_words.c
UNIT_SRC_test_script_line := kernel/proc/script_line.c
UNIT_SRC_test_pixel       := drivers/video/pixel.c
UNIT_SRC_test_key_decode  := boot/stage2/key_decode.c
UNIT_SRC_test_explain     := boot/stage2/flag_names.c boot/stage2/page_walk.c
UNIT_SRC_test_line_edit   := boot/stage2/line_edit.c

UNIT_LIB := $(HOSTED_LIB:%.c=$B/unit/%.o)
$B/unit/lib/string.o $B/fuzz/lib/string.o: TEST_EXTRA := -include tests/unit/string_names.h

$B/unit/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,TESTCC,$<,$(HOSTCC) $(TEST_CFLAGS) $(TEST_EXTRA) $(DEPFLAGS) -c $< -o $@)

$B/unit/lib.a: $(UNIT_LIB)
	@rm -f $@; ar rcsD $@ $^

.SECONDEXPANSION:
$(addprefix $B/unit/,$(UNIT_TESTS) seeded): $B/unit/%: $B/unit/tests/unit/%.o $$(addprefix $B/unit/,$$(UNIT_SRC_$$*:.c=.o)) $B/unit/lib.a
	$(call run,TESTLD,$@,$(HOSTCC) $(TEST_CFLAGS) $^ -o $@)

.PHONY: unit unit-seeded fuzz
unit: $(addprefix $B/unit/,$(UNIT_TESTS)) unit-seeded
	@failed=0; for t in $(UNIT_TESTS); do printf '%s: ' $$t; $(TEST_ENV) $B/unit/$$t || failed=$$((failed + 1)); done; \
	  echo "unit: $(words $(UNIT_TESTS)) programs, $$failed failed"; [ $$failed = 0 ]

# The detectors must detect: test, and the words it must die with.
unit-seeded: $B/unit/seeded
	@seeded() { ! $(TEST_ENV) $< $$1 > $<.log 2>&1 && grep -q "$$2" $<.log || { echo "seeded bug not found: $$1"; exit 1; }; }; \
	  seeded check '0 passed, 1 failed'; seeded assertion 'assertion failed'; \
	  seeded address_sanitizer heap-buffer-overflow; seeded undefined_behaviour_sanitizer 'shift exponent'

-include $(UNIT_LIB:.o=.d) $(patsubst %,$B/unit/tests/unit/%.d,$(UNIT_TESTS) seeded)

# ---- fuzz --------------------------------------------------------------

FUZZ_LIB    := $(filter-out lib/assert.c,$(HOSTED_LIB))
FUZZ_LIB    := $(FUZZ_LIB:%.c=$B/fuzz/%.o)
FUZZ_COVER  := -fsanitize-coverage=trace-pc
FUZZ_DRIVER := $B/fuzz/tests/fuzz/driver.o

FUZZ_SRC_fuzz_key_decode := boot/stage2/key_decode.c
FUZZ_SRC_fuzz_line_edit  := boot/stage2/line_edit.c
$(FUZZ_DRIVER): FUZZ_COVER :=

$B/fuzz/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,FUZZCC,$<,$(HOSTCC) $(TEST_CFLAGS) $(FUZZ_COVER) -fno-pie $(TEST_EXTRA) $(DEPFLAGS) -c $< -o $@)

$B/fuzz/lib.a: $(FUZZ_LIB)
	@rm -f $@; ar rcsD $@ $^

$(addprefix $B/fuzz/,$(FUZZ_TARGETS) seeded): $B/fuzz/%: $B/fuzz/tests/fuzz/%.o $(FUZZ_DRIVER) $$(addprefix $B/fuzz/,$$(FUZZ_SRC_$$*:.c=.o)) $B/fuzz/lib.a
	$(call run,FUZZLD,$@,$(HOSTCC) $(TEST_CFLAGS) -no-pie $^ -o $@)

fuzz: $(addprefix $B/fuzz/,$(FUZZ_TARGETS)) fuzz-seeded
	@failed=0; for t in $(FUZZ_TARGETS:fuzz_%=%); do printf 'fuzz_%s: ' $$t; \
	  $B/fuzz/fuzz_$$t -n $(FUZZ_RUNS) -s $(FUZZ_SEED) -o $B/fuzz/crash_$$t tests/fuzz/corpus/$$t \
	    || failed=$$((failed + 1)); done; \
	  echo "fuzz: $(words $(FUZZ_TARGETS)) targets, $$failed failed"; [ $$failed = 0 ]

# The fuzzer must find the seeded bug by mutation alone, and its saved input must show it again.
.PHONY: fuzz-seeded
fuzz-seeded: $B/fuzz/seeded
	@rm -f $<.crash; found='heap-buffer-overflow|insufficient space'; \
	! $< -n 200000 -o $<.crash > $<.log 2>&1 && grep -Eq "$$found" $<.log \
	  && ! $< -o $<.again $<.crash > $<.log 2>&1 && grep -Eq "$$found" $<.log \
	  || { echo 'seeded bug not found by the fuzzer, or not saved'; exit 1; }

-include $(FUZZ_LIB:.o=.d) $(FUZZ_DRIVER:.o=.d) $(patsubst %,$B/fuzz/tests/fuzz/%.d,$(FUZZ_TARGETS) seeded)
