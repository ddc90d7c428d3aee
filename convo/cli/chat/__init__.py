"""``convo chat``: a conversation at the terminal."""
