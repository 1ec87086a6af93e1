"""The request of the demo, and the response of the built-in server."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel, Field

CUSTOMER: Final = (
    "Lives in a small flat on the third floor without a lift. Cycles 9 km to work in all "
    "weather, cooks for two every evening, and camps on summer weekends. Replaces things when "
    "they break, pays for repairable ones, and has bought rain trousers and a bread knife lately."
)


class RankedProduct(BaseModel):
    """A product and how well it suits the customer."""

    product_id: str
    name: str
    score: float = Field(ge=0, le=1)
    reason: str


_RANKING: Final = (
    RankedProduct(
        product_id="P-121",
        name="Waterproof pannier, 20 litres",
        score=0.97,
        reason="Rides 9 km to work whatever the weather and has just bought rain trousers: a bag "
        "that keeps a laptop dry is the obvious next piece, and its clips can be replaced.",
    ),
    RankedProduct(
        product_id="P-142",
        name="Dynamo light set",
        score=0.94,
        reason="Rides in the dark half of the year. A dynamo needs no charging and no carrying "
        "up to the third floor, and every part of this set is sold as a spare.",
    ),
    RankedProduct(
        product_id="P-104",
        name="Cast iron pan, 26 cm",
        score=0.91,
        reason="Cooks for two every evening, which is just what 26 cm holds, and cast iron fits "
        "somebody who would rather keep a thing for decades than replace it.",
    ),
    RankedProduct(
        product_id="P-186",
        name="Wool base layer",
        score=0.86,
        reason="One shirt for the ride in winter and for the tent in summer. Wool can be worn for "
        "days before it needs a wash, which a small flat with little drying space is glad of.",
    ),
    RankedProduct(
        product_id="P-163",
        name="Gas camping stove",
        score=0.81,
        reason="Camps on summer weekends and likes to cook, so a second burner will be used. It "
        "packs into one pannier, and its valve can be serviced at home.",
    ),
    RankedProduct(
        product_id="P-158",
        name="Folding drying rack",
        score=0.74,
        reason="Wet clothes come home on most days, and there is no room for a dryer. It folds "
        "flat behind a door, though a rack may well be in the flat already.",
    ),
    RankedProduct(
        product_id="P-117",
        name="Down sleeping bag, 0 degrees",
        score=0.58,
        reason="Fits the camping, but summer nights seldom ask for a bag that is good to zero "
        "degrees, and down is hard to dry in a small flat after a wet weekend.",
    ),
    RankedProduct(
        product_id="P-199",
        name="Cargo trailer, 100 litres",
        score=0.41,
        reason="Would carry the camping gear and the shopping, but it has to be stored somewhere, "
        "and three flights of stairs rule out bringing it up every evening.",
    ),
    RankedProduct(
        product_id="P-135",
        name="Espresso machine, two boilers",
        score=0.29,
        reason="Nothing in the profile speaks of coffee. Two boilers are repairable, but they "
        "take half of a small worktop that is needed for cooking every evening.",
    ),
    RankedProduct(
        product_id="P-170",
        name="Stand mixer, 7 litres",
        score=0.18,
        reason="The bread knife hints at bread, but seven litres of dough are for a family of "
        "six, and the machine is heavy, large, and hard to have repaired.",
    ),
)


CATALOGUE: Final = dict(sorted((product.product_id, product.name) for product in _RANKING))


def messages(items: int) -> list[dict[str, str]]:
    """The messages of the request to rank so many products."""
    ranked = {product.product_id for product in _RANKING[:items]}
    products = "\n".join(f"{key}: {name}" for key, name in CATALOGUE.items() if key in ranked)
    return [
        {
            "role": "system",
            "content": "Rank all the products for the customer, the best first. Score each "
            "from 0 to 1, and give the reason in about 30 words.",
        },
        {"role": "user", "content": f"Customer: {CUSTOMER}\n\nProducts:\n{products}"},
    ]


def answer(items: int) -> str:
    """The response of the built-in server, as a model would write it."""
    ranking = [product.model_dump() for product in _RANKING[:items]]
    return json.dumps({"items": ranking}, ensure_ascii=False, separators=(",", ":"))
