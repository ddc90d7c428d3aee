"""Completion backends: what they are (base), how one is asked (call), and those that come with convo."""
