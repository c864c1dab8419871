"""The bodies of the admin API, asked and answered: what the control plane and its clients have in common."""
