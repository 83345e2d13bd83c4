"""What goes over the wire, in camelCase. Input refuses unknown fields; output has no defaults. No use case."""
