"""Inglenook: a private, offline desktop application to chat with gpt-oss-20b and local documents."""

APP_NAME = "Inglenook"
APP_ID = "io.github.inglenook.Inglenook"
__version__ = "0.1.0"
