"""The pages of the web interface, one module a page; thin handlers, pure views beside them (`*_view.py`)."""
