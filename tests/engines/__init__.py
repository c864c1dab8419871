"""Engines behind the gateway: what is read of them, pools of their replicas, and emulated ones over real HTTP."""
