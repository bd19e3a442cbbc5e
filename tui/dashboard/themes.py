"""Themes besides Textual's: for those who need more contrast, and for those who see fewer colours."""

from __future__ import annotations

from textual.theme import Theme

THEMES = (
    Theme(
        "high-contrast",
        primary="#4DC3FF",
        secondary="#4DC3FF",
        success="#3DFF8B",
        error="#FF6B6B",
        warning="#FFFFFF",
        accent="#FFE600",
        foreground="#FFFFFF",
        background="#000000",
        surface="#000000",
        panel="#1C1C1C",
        luminosity_spread=0.05,
        text_alpha=1.0,
    ),
    # Colours of Okabe and Ito, "Color Universal Design" (2008): sky blue, bluish green, vermillion, yellow.
    Theme(
        "colour-blind",
        primary="#56B4E9",
        secondary="#0072B2",
        success="#009E73",
        error="#D55E00",
        warning="#E69F00",
        accent="#F0E442",
        foreground="#E4E4E4",
        background="#101010",
        surface="#1A1A1A",
        panel="#262626",
    ),
    Theme(
        "colour-blind-light",
        primary="#0072B2",
        secondary="#56B4E9",
        success="#009E73",
        error="#A84800",  # a darker vermillion, for the texts on it
        warning="#E69F00",
        accent="#CC79A7",
        foreground="#1A1A1A",
        background="#FAFAFA",
        surface="#F0F0F0",
        panel="#E4E4E4",
        dark=False,
    ),
)
