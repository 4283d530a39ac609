"""What does a plan cost in files, bytes, hours and dollars, against limits? Section 6 of doi 10.1039/d4fd00102h."""
