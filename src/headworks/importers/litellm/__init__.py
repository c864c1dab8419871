"""LiteLLM's proxy: its `config.yaml`, and the keys, teams, users and budgets of its database.

file             takes
section.py       mappings of the document that know what of them was looked at, with lines
providers.py     model strings (`azure/my-deployment`) and credentials → our providers; rows of data in providers.toml
prices.py        prices per token → prices per million
models.py        model_list → models
routing.py       retries, fallbacks, aliases, timeouts, cooldowns
guards.py        guardrails
settings.py      everything else, by rows of data in settings.toml
document.py      all of these together → headworks.yaml
tables.py        rows of its database
bounds.py        budgets, limits and allowed models of a row
parties.py       rows → parties and keys
"""
