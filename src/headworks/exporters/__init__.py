"""Where finished exchanges are told: metrics and logs. Nothing here runs on the path of a request."""
