"""Does a model trained on one database hold on another? Section 2 of doi 10.1039/d4fd00102h, Fig. 1 and 2."""
