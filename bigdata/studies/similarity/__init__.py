"""How alike calculations of different settings are, and which form groups (section 3 of doi 10.1039/d4fd00102h)."""
