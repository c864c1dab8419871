"""Credentials that change: obtained and renewed beside the requests that need them."""
