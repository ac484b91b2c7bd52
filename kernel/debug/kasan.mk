# KASAN=1: a call before every access to memory (kernel/debug/kasan.h), and larger frames for it. Without it the
# checker's files are not part of the kernel.

KASAN_CFLAGS  := -fsanitize=kernel-address -fno-tree-loop-distribute-patterns -Wframe-larger-than=2048 \
  --param asan-instrumentation-with-call-threshold=0 --param asan-stack=0 --param asan-globals=0
# The checker itself, and what it is built on.
KASAN_FREE    := kernel/debug/kasan kernel/debug/kasan_report kernel/debug/probe kernel/mm/slab kernel/mm/slab_kasan
KASAN_WRAPPED := memcpy memmove memset arch_user_copy arch_user_copy_string

ifeq ($(KASAN),0)
KERNEL_LEFT_OUT += kernel/debug/kasan% kernel/mm/slab_kasan.c
else
KERNEL_CFLAGS   += $(KASAN_CFLAGS)
KERNEL_LDFLAGS  += $(addprefix --wrap=,$(KASAN_WRAPPED))
$(KASAN_FREE:%=$B/obj/%.o): EXTRA_CFLAGS += -fno-sanitize=kernel-address
endif
