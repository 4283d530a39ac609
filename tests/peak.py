"""The peak memory of a program that a test starts."""

# Linux's `ru_maxrss` begins with that of whoever started it, and pytest's own can be larger than what is asked.
KIB = "int(next(line for line in open('/proc/self/status') if line.startswith('VmHWM:')).split()[1])"
"""An expression for the program: KiB that it held at most."""
