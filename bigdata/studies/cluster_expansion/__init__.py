"""Cluster expansions, standard and nonlinear (section 4 and Fig. 5 of doi 10.1039/d4fd00102h)."""
