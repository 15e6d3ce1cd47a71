"""The explorer's server: `streamlit run serve.py`. The pages are app.py's.

Streamlit itself checks the Host header of sessions only. Here every request under a foreign name
is refused, so that no other site can reach the explorer by pointing its name at this machine.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

app = st.App(
    "app.py",
    middleware=[
        Middleware(
            TrustedHostMiddleware,
            allowed_hosts=list(st.get_option("server.allowedHosts")) or ["localhost", "127.0.0.1"],
            www_redirect=False,
        )
    ],
)
