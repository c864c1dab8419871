"""Engines of models: what their metrics are called, and how they are read into `domain.engine_load`. Plain functions, without sockets."""
