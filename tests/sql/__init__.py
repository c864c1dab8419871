"""Records in SQL, on both databases."""
