"""Flows: every verb written once, as coroutines that await nothing but a port."""
