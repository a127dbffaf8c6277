from .fly import NAMES, juergensen_2021, load, rapp_nawrot_2020, shiu_2024

__all__ = [
    "NAMES",
    "juergensen_2021",
    "load",
    "rapp_nawrot_2020",
    "shiu_2024",
]
