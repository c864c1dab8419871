"""Bodies of fields and files (multipart/form-data), read as they come and written anew."""
