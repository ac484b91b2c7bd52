/* Between the files of prctl(2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What follows the option. */
struct prctl_arguments {
    uint64_t a2, a3, a4, a5;
};

static inline bool prctl_none_from_3(const struct prctl_arguments *arguments) {
    return (arguments->a3 | arguments->a4 | arguments->a5) == 0;
}

/* prctl_cred.c: each of the running thread. Results are those of the call; -ENOMEM. */
int64_t prctl_give_up_privileges(void);           /* PR_SET_NO_NEW_PRIVS */
int64_t prctl_keep_capabilities(uint64_t keep);   /* PR_SET_KEEPCAPS: -EINVAL, -EPERM */
int64_t prctl_set_secure_bits(uint64_t bits);     /* PR_SET_SECUREBITS: -EPERM */
int64_t prctl_drop_bounding(uint64_t capability); /* PR_CAPBSET_DROP: -EINVAL, -EPERM */
int64_t prctl_ambient(const struct prctl_arguments *arguments); /* PR_CAP_AMBIENT: -EINVAL, -EPERM */
