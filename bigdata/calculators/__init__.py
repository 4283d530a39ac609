"""DFT codes: how one calculation is set up, started, judged, continued and read. A room a code.

A calculation is one crystal with one setting, taken through a workflow, such as relax, band structure, density of
states. `calculation` says what goes in and what comes out, in units that don't depend on the code; `code` says what a
code has to know about itself; `driving` takes a calculation through its steps with any of them.
"""
