"""Which network is the best, and what does finding it cost? Section 6.2 and Fig. 7 of doi 10.1039/d4fd00102h."""
