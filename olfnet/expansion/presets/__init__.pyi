from .fly import juergensen_2021, rapp_nawrot_2020, shiu_2024

__all__ = ["juergensen_2021", "rapp_nawrot_2020", "shiu_2024"]
