"""Zero-cost proxies: figures of an untrained network that go along with its trained accuracy."""
