"""The same engine over a recording of a real run: for learning, demonstrating, and developing bringup."""
