"""What is remembered: in memory, in files, later in SQL and Valkey."""
