/* The version and build id, handed in by the makefile. */
#include "lib/version.h"

const char astra_version[] = ASTRA_VERSION;
const char astra_build_id[] = ASTRA_BUILD_ID;
