"""What holds for the address of a hub, for the process that talks to it and for the field in which it is typed."""

from __future__ import annotations

import ipaddress


def may_carry_a_token(scheme: str, host: str) -> bool:
    """A token is never sent in the clear, but to this computer itself."""
    if scheme == "https" or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
