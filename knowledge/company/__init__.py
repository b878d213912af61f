"""The bundled example company: sources, writers and sealed validation items."""
