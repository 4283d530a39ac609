"""Spectra: densities of states with the settings that they were calculated with."""
