"""What convo costs beside a floor of plain SQLAlchemy Core; ``python -m benchmarks --help``."""
