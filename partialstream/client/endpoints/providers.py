"""The name of the provider behind a client, by OpenTelemetry's GenAI conventions.

They name the providers that they know (the values of `gen_ai.provider.name`). For a server that
they do not know, behind a client that they do, they want the client's: `openai`, for one that
speaks its API on localhost. Which server it is, `server.address` says.
"""

from __future__ import annotations

from typing import Any, Final

_HOSTS: Final = {
    "openai.com": "openai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "anthropic.com": "anthropic",
    "groq.com": "groq",
    "mistral.ai": "mistral_ai",
    "deepseek.com": "deepseek",
    "perplexity.ai": "perplexity",
    "x.ai": "x_ai",
    "cohere.com": "cohere",
    "cohere.ai": "cohere",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "amazonaws.com": "aws.bedrock",
    # Not among the names of the conventions, which allow others.
    "cerebras.ai": "cerebras",
    "fireworks.ai": "fireworks",
    "openrouter.ai": "openrouter",
    "together.ai": "together",
    "together.xyz": "together",
}
"""Domains; hosts below them are theirs too."""

_INSTRUCTORS: Final = {
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini",
    "genai": "gcp.gemini",
    "generative-ai": "gcp.gemini",
    "google": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertexai": "gcp.vertex_ai",
    "xai": "x_ai",
}
"""instructor's names that are others than those of the conventions."""

_CLASSES: Final = {
    "AzureOpenAI": "azure.ai.openai",
    "AsyncAzureOpenAI": "azure.ai.openai",
    "AnthropicBedrock": "aws.bedrock",
    "AsyncAnthropicBedrock": "aws.bedrock",
    "AnthropicVertex": "gcp.vertex_ai",
    "AsyncAnthropicVertex": "gcp.vertex_ai",
}
"""Classes of the SDKs that are for one provider, whatever the address."""


def provider_of(client: Any, default: str = "openai") -> str:
    """The provider behind a client of an SDK.

    By its class, else by the host that its requests go to; `default` where that is not known.

    Example:
        >>> from openai import OpenAI
        >>> provider_of(OpenAI(api_key="test", base_url="https://api.groq.com/openai/v1"))
        'groq'
        >>> provider_of(OpenAI(api_key="test", base_url="http://localhost:8000/v1"))
        'openai'
    """
    for cls in type(client).__mro__:
        if cls.__name__ in _CLASSES:
            return _CLASSES[cls.__name__]
    # Vertex AI has a host for each region: us-central1-aiplatform.googleapis.com.
    domain = (_host_of(client) or "").replace("-aiplatform.", ".aiplatform.")
    while domain:
        if domain in _HOSTS:
            return _HOSTS[domain]
        domain = domain.partition(".")[2]
    return default


def provider_of_instructor(client: Any) -> str:
    """The provider behind an instructor client."""
    name = str(getattr(client.provider, "value", client.provider))
    if name in ("openai", "unknown"):  # any server by OpenAI's API, or unknown
        return provider_of(client.client)
    if name in ("genai", "google") and getattr(client.client, "vertexai", False) is True:
        return "gcp.vertex_ai"
    return provider_of(client.client, _INSTRUCTORS.get(name, name))


def server_of(client: Any) -> tuple[str, int] | None:
    """The host and the port that a client's requests go to, None if they are not known."""
    url = getattr(client, "base_url", None)
    host = _host_of(client)
    if host is None:
        return None
    port: object = getattr(url, "port", None)
    if isinstance(port, int):
        return host, port
    return host, 80 if getattr(url, "scheme", "") == "http" else 443


def path_of(client: Any) -> str:
    """The path that a client's requests have in common, without a slash at its end.

    Example:
        >>> from openai import OpenAI
        >>> path_of(OpenAI(api_key="test", base_url="https://api.groq.com/openai/v1"))
        '/openai/v1'
    """
    path = getattr(getattr(client, "base_url", None), "path", None)
    return path.rstrip("/") if isinstance(path, str) else ""


def _host_of(client: Any) -> str | None:
    host = getattr(getattr(client, "base_url", None), "host", None)
    return host.lower() if isinstance(host, str) and host else None
