"""Understanding a message without a chat model: examples and concepts for the action, rules for what it names."""
