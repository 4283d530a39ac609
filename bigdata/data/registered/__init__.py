"""Facts about the datasets known by name, a module for each family of them."""
