"""How people reach domainsmith: the command line."""
