"""The engine and the store of Influence Explorer; knows nothing of Streamlit."""

__version__ = "0.1.0"
