"""The fakes and the provider emulator."""
