"""Materials: entries of a database with formula, properties and, where the source has them, crystal structures."""
