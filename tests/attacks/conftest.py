from fakes.tiny_world import own_configuration, tiny, tiny_released, tiny_waiting

__all__ = ["own_configuration", "tiny", "tiny_released", "tiny_waiting"]
