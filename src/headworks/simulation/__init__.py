"""Discrete events over traces of real load: the gateway's own pickers before engines that are only reckoned."""
