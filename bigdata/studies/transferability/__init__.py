"""Whether a model trained on one database holds on another (section 2, Fig. 1 and 2 of doi 10.1039/d4fd00102h)."""
