"""Astra's commands for GDB. Runs inside GDB only; what needs no GDB is in tools/x86."""
