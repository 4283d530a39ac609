"""Models of tables: numbers in columns and a number to predict, by classes of models whose sizes are counted alike."""
