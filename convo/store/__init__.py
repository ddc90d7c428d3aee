"""The store: plain functions over a SQLAlchemy Core ``Connection``, one statement or one transaction each."""
