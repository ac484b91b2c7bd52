/* Views of /kernel about the running system as a whole. */
#pragma once

void runtime_views_init(void);
