"""The language of the platform: frozen values and pure rules, no engine inside."""
