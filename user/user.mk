# Programs in the image: our own (musl, static) and Debian's busybox, unmodified.

MUSLCC      ?= $(if $(filter x86_64%,$(shell gcc -dumpmachine 2>/dev/null)),musl-gcc,$(CROSS_COMPILE)gcc)
USER_CFLAGS := -std=gnu11 -Os -g0 -D_GNU_SOURCE -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
  $(WARNINGS) $(REPRODUCIBLE) -I.
USER_BIN    := $B/user/init $B/user/exec-agent $B/user/boottrace
PAYLOAD     := $B/payload
BUSYBOX     := $(PAYLOAD)/busybox-static/bin/busybox

$B/user-obj/%.o: %.c $B/flags.txt
	@mkdir -p $(@D)
	$(call run,MUSLCC,$<,$(MUSLCC) $(USER_CFLAGS) $(DEPFLAGS) -c $< -o $@)

$B/user/init: $(patsubst %.c,$B/user-obj/%.o,$(wildcard user/init/*.c))
$B/user/exec-agent: $(patsubst %.c,$B/user-obj/%.o,$(wildcard user/agent/*.c))
$B/user/boottrace: $(patsubst %.c,$B/user-obj/%.o,$(wildcard user/boottrace/*.c))
$(USER_BIN):
	@mkdir -p $(@D)
	$(call run,USERLD,$@,$(MUSLCC) -static -s -Wl$(,)--gc-sections $^ -o $@)

$(BUSYBOX): tools/fetch-payload.sh
	$(call run,FETCH,busybox-static,tools/fetch-payload.sh $(PAYLOAD) amd64 busybox-static && touch $@)

$B/user/ramfs.list: user/ramfs.list $(BUSYBOX) tools/applet-links.sh
	@mkdir -p $(@D)
	$(call run,APPLETS,$@,{ cat user/ramfs.list; tools/applet-links.sh $(BUSYBOX); } > $@)

RAMFS_LISTS += $B/user/ramfs.list
RAMFS_DEPS  += $(USER_BIN) $(BUSYBOX) $(wildcard user/etc/*)
-include $(patsubst %.c,$B/user-obj/%.d,$(wildcard user/*/*.c))
