"""What databases share (section 2 and Fig. 2 of doi 10.1039/d4fd00102h): common groups, and one split for all."""
