/*
 * What this build is called. The makefile passes both strings to version.c alone, so that a new
 * commit recompiles one file.
 */
#pragma once

extern const char astra_version[];  /* "0.1.0", from the file VERSION */
extern const char astra_build_id[]; /* `git describe`, or "unknown" outside a git tree */
