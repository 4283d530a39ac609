"""Features of compositions: statistics over a compound's elements, as Magpie and matminer calculate them."""
