"""The server: accounts and their desks, the application, the doors beside the pages. Loaded by `domainsmith serve`."""
