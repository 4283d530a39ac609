"""Many DFT calculations inside file and storage limits. Section 6.1 and Fig. 6 of doi 10.1039/d4fd00102h."""
