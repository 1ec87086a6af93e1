"""Clients are made here: `from_openai`, `from_instructor` and `from_provider`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, overload

from partialstream.client.async_client import AsyncClient
from partialstream.client.client import Client
from partialstream.client.endpoints.instructor import InstructorEndpoint
from partialstream.client.endpoints.openai import OpenAIEndpoint
from partialstream.client.options.mode import Mode, check_api, is_known_mode
from partialstream.client.rate_limit import RateLimit
from partialstream.spelling import names_meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from instructor import AsyncInstructor, Instructor
    from openai import AsyncOpenAI, OpenAI

    from partialstream.client.options.mode import API, AnyMode
    from partialstream.client.routes import Fallback

_OUR_PROVIDERS = ("openai", "azure_openai")
"""Those of instructor's whose requests are built here."""


@overload
def from_openai(
    client: OpenAI,
    *,
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = False,
    raw_chunks: bool | None = None,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> Client: ...


@overload
def from_openai(
    client: AsyncOpenAI,
    *,
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = False,
    raw_chunks: bool | None = None,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> AsyncClient: ...


@names_meant
def from_openai(
    client: OpenAI | AsyncOpenAI,
    *,
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = False,
    raw_chunks: bool | None = None,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> Client | AsyncClient:
    """Make a client that streams validated objects through an OpenAI client.

    Args:
        client: `OpenAI`, `AsyncOpenAI`, or their Azure twins, with any base URL. Its keys,
            retries, proxies and hooks stay in force, and it stays the caller's to close.
        api: The API that requests are made through: `"chat"` for Chat Completions, which all
            compatible servers know, or `"responses"` for the Responses API. That one takes
            `input`, `instructions` and the rest of its own arguments; `messages` and other
            arguments of Chat Completions are translated. Beside the schema, `tools` may list
            those that the provider runs itself, such as `{"type": "web_search"}`.
        mode: How the provider is made to respond in JSON, for all calls: `"json_schema"` (the
            default), `"tools"` or `"json_object"`, or a member of `Mode` or of instructor's.
        templates: Whether messages are Jinja templates that a mapping in `context` fills in, for
            all calls that do not say; False by default. Not for messages that hold what a user
            typed: `{{ secret }}` would read the context.
        raw_chunks: Whether responses are read as the bytes that come, which takes about a seventh
            of the CPU; or through the SDK's `create`, whose chunks a tracer can see, and which
            knows no `Limits.event_size`. None, the default, finds out for each call: bytes,
            unless methods of the client have been replaced, as tracers do.
        fallbacks: Models and clients to ask next where this one fails, for all calls that do not
            say; see `Client`.
        first_delta_within: Seconds that a streamed request may say nothing before it is raced
            with the next, for all calls that do not say; see `Client.create_iterable`.
        rate_limit: How many requests and tokens a minute, and how many responses at once, for
            all calls together; see `RateLimit`. None for no bound.

    Returns:
        A `Client`, or an `AsyncClient` for an async one.

    Raises:
        TypeError: It is not an OpenAI client, or `rate_limit` not a `RateLimit`.
        ValueError: There is no such API, or no such mode.

    Example:
        >>> from openai import OpenAI
        >>> from pydantic import BaseModel
        >>> from partialstream import from_openai
        >>> from partialstream.testing import ReplayServer
        >>> class Product(BaseModel):
        ...     name: str
        >>> answer = '{"items": [{"name": "Lamp"}, {"name": "Rug"}]}'
        >>> messages = [{"role": "user", "content": "Two products, please."}]
        >>> with ReplayServer(answer) as server:
        ...     with OpenAI(base_url=server.base_url, api_key="test") as openai:
        ...         client = from_openai(openai)
        ...         with client.create_iterable(
        ...             response_model=Product, model="any", messages=messages
        ...         ) as stream:
        ...             for product in stream:
        ...                 print(product)
        name='Lamp'
        name='Rug'
    """
    from openai import AsyncOpenAI, OpenAI

    _check_rate_limit(rate_limit)
    if not isinstance(client, (OpenAI, AsyncOpenAI)):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all callers check types
        raise TypeError(f"an OpenAI or AsyncOpenAI client is needed, not {type(client).__name__}")
    endpoint = OpenAIEndpoint(
        client, api, mode, templates=templates, raw_chunks=raw_chunks, rate_limit=rate_limit
    )
    if isinstance(client, AsyncOpenAI):
        return AsyncClient(endpoint, fallbacks=fallbacks, first_delta_within=first_delta_within)
    return Client(endpoint, fallbacks=fallbacks, first_delta_within=first_delta_within)


@overload
def from_instructor(  # type: ignore[overload-overlap]  # an AsyncInstructor is an Instructor
    client: AsyncInstructor,
    *,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> AsyncClient: ...


@overload
def from_instructor(
    client: Instructor,
    *,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> Client: ...


@names_meant
def from_instructor(
    client: Instructor | AsyncInstructor,
    *,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
) -> Client | AsyncClient:
    """Make a client that streams validated objects through an instructor client.

    instructor shapes the requests: its providers and modes, default arguments, templates and
    message formats stay in force, and so do the hooks of its client. The responses are read
    here, by the same rules as everywhere; retries are ours, and instructor's are not used.

    Args:
        client: What one of `instructor.from_...` gave. It stays the caller's to close.
        templates: Whether messages are Jinja templates that a mapping in `context` fills in, as
            with instructor; False leaves them as they are, for messages that hold what a user
            typed. Validators get `context` either way.
        fallbacks: As for `from_openai`.
        first_delta_within: As for `from_openai`.
        rate_limit: As for `from_openai`. Headers are known for streams of the SDKs of OpenAI,
            Anthropic and others like them.

    Returns:
        A `Client`, or an `AsyncClient` for an async one.

    Raises:
        TypeError: It is not an instructor client, or `rate_limit` not a `RateLimit`.

    Example:
        >>> import instructor
        >>> from openai import OpenAI
        >>> from pydantic import BaseModel
        >>> from partialstream import from_instructor
        >>> from partialstream.testing import ReplayServer
        >>> class Product(BaseModel):
        ...     name: str
        >>> with ReplayServer('{"tasks": [{"name": "Lamp"}, {"name": "Rug"}]}') as server:
        ...     with OpenAI(base_url=server.base_url, api_key="test") as openai:
        ...         client = from_instructor(instructor.from_openai(openai, model="any"))
        ...         messages = [{"role": "user", "content": "Two products, please."}]
        ...         print(list(client.create_iterable(response_model=Product, messages=messages)))
        [Product(name='Lamp'), Product(name='Rug')]
    """
    from instructor import AsyncInstructor, Instructor

    _check_rate_limit(rate_limit)
    if not isinstance(client, Instructor):  # pyright: ignore[reportUnnecessaryIsInstance]  # not all callers check types
        raise TypeError(f"an instructor client is needed, not {type(client).__name__}")
    endpoint = InstructorEndpoint(client, templates=templates, rate_limit=rate_limit)
    if isinstance(client, AsyncInstructor):
        return AsyncClient(endpoint, fallbacks=fallbacks, first_delta_within=first_delta_within)
    return Client(endpoint, fallbacks=fallbacks, first_delta_within=first_delta_within)


@overload
def from_provider(
    model: str,
    *,
    async_client: Literal[False] = False,
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
    **kwargs: Any,
) -> Client: ...


@overload
def from_provider(
    model: str,
    *,
    async_client: Literal[True],
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
    **kwargs: Any,
) -> AsyncClient: ...


def from_provider(
    model: str,
    *,
    async_client: bool = False,
    api: API = "chat",
    mode: AnyMode | None = None,
    templates: bool = True,
    fallbacks: Sequence[Fallback] = (),
    first_delta_within: float | None = None,
    rate_limit: RateLimit | None = None,
    **kwargs: Any,
) -> Client | AsyncClient:
    """Make a client for a provider and a model, by instructor's names for them.

    Args:
        model: `"provider/model"`, as `"anthropic/claude-sonnet-4-5"`. The model is the default
            of all calls.
        async_client: Whether to make an async one.
        api: As for `from_openai`, for the providers `openai` and `azure_openai`. The others have
            one API, and `"chat"` stands for it.
        mode: As for `from_openai` for the providers `openai` and `azure_openai`, whose requests
            are then shaped here; a member of `Mode` or of instructor's for all others. None for
            the provider's default.
        templates: As for `from_instructor`.
        fallbacks: As for `from_openai`.
        first_delta_within: As for `from_openai`.
        rate_limit: As for `from_openai`.
        **kwargs: For `instructor.from_provider`: `api_key`, `base_url`, …

    Returns:
        A `Client`, or an `AsyncClient`.

    Raises:
        instructor.core.exceptions.ConfigurationError: There is no such provider, or what it
            needs is not installed.
        ValueError: There is no such API, or the provider does not have it.

    Example:
        >>> from partialstream import from_provider
        >>> type(from_provider("openai/gpt-5", api_key="test")).__name__
        'Client'
    """
    import instructor

    check_api(api)
    make: Any = instructor.from_provider
    ours = model.partition("/")[0] in _OUR_PROVIDERS and is_known_mode(mode, api)
    if api != "chat" and not ours:
        raise ValueError(f"api={api!r} is for OpenAI and Azure, in modes of from_openai")
    if isinstance(mode, Mode):
        mode = instructor.Mode[mode.name]
    made = make(model, async_client=async_client, mode=None if ours else mode, **kwargs)
    if not ours:
        return from_instructor(
            cast("Instructor | AsyncInstructor", made),
            templates=templates,
            fallbacks=fallbacks,
            first_delta_within=first_delta_within,
            rate_limit=rate_limit,
        )
    _check_rate_limit(rate_limit)
    defaults = {"model": model.partition("/")[2], **made.handle_kwargs({})}
    endpoint = OpenAIEndpoint(
        made.client, api, mode, defaults, templates=templates, rate_limit=rate_limit
    )
    kind = AsyncClient if async_client else Client
    return kind(endpoint, fallbacks=fallbacks, first_delta_within=first_delta_within)


def _check_rate_limit(rate_limit: Any) -> None:
    if rate_limit is not None and not isinstance(rate_limit, RateLimit):
        raise TypeError(f"rate_limit= must be partialstream's RateLimit, not {rate_limit!r}")
