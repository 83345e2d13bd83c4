"""Processes that bring records in step when the bell rings. They call services and hold no rule of their own."""
