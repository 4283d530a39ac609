"""Does the class of a model, or its complexity, decide how well it predicts? Section 5 of doi 10.1039/d4fd00102h."""
