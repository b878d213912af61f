"""One noun per module: frozen pydantic records that every layer passes to the next."""
