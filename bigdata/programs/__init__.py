"""Foreign programs, such as DFT codes, run for a task: without a shell, bounded, measured, and gone with the task."""
