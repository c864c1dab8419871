"""Who speaks which dialect, where, with which key, at what price: data rows first, code only for a new way to sign."""
