"""What calculations leave on disk: files and bytes of a folder, what they are for, and how they would pack."""
