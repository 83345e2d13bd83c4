"""COMPOSITION ROOT: settings become a container. The only package that names concrete backends.

Holds no rule about records and answers no request.
"""

from app.bootstrap.connected import OFFLINE, ConnectedBackends, intacct_credentials, salesforce_credentials
from app.bootstrap.container import Container, SilentBell, SystemClock, open_container
from app.bootstrap.first_start import DEFAULT_CONNECTION, FirstStart, ensure_default_connection, offline_settings

__all__ = [
    "DEFAULT_CONNECTION",
    "OFFLINE",
    "ConnectedBackends",
    "Container",
    "FirstStart",
    "SilentBell",
    "SystemClock",
    "ensure_default_connection",
    "intacct_credentials",
    "offline_settings",
    "open_container",
    "salesforce_credentials",
]
