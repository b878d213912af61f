"""The attempts of a probe: each does one thing on the device and fails by raising."""
