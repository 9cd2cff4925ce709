from torch_checks import one_seeded_thread

__all__ = ["one_seeded_thread"]
