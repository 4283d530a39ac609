"""Models of a property as few terms out of many: monomial features, sparse regression paths, and their validation."""
