"""A sale with ocean-lib: publishes an asset, buys it as somebody else, downloads it and prints where to.

The settings come from standard input as JSON: chain, provider, cache, publisher and buyer (private keys), url, folder.
ADDRESS_FILE names the contracts. What is printed is JSON as well.
"""

import json
import sys

import enforce_typing

# The decorator that checks arguments compares them with what isinstance() refuses since Python 3.11.
enforce_typing.enforce_types = lambda decorated: decorated

from eth_account import Account  # noqa: E402
from ocean_lib.example_config import get_config_dict  # noqa: E402
from ocean_lib.models.dispenser import DispenserArguments  # noqa: E402
from ocean_lib.ocean.ocean import Ocean  # noqa: E402
from ocean_lib.ocean.util import to_wei  # noqa: E402


def main() -> None:
    """Reads the settings, sells two assets, and prints the files and orders."""
    settings = json.load(sys.stdin)
    config = get_config_dict(settings["chain"])
    config["PROVIDER_URL"] = settings["provider"]
    config["METADATA_CACHE_URI"] = settings["cache"]
    ocean = Ocean(config)
    publisher = Account.from_key(settings["publisher"])
    buyer = Account.from_key(settings["buyer"])
    # ocean-lib prints what it signs.
    answer, sys.stdout = sys.stdout, sys.stderr
    sold = [minted(ocean, settings, publisher, buyer), dispensed(ocean, settings, publisher, buyer)]
    json.dump(sold, answer)


def minted(ocean: Ocean, settings: dict, publisher, buyer) -> dict:
    """The publisher gives the buyer a datatoken. Downloads twice, so that a nonce follows another."""
    _, datatoken, ddo = ocean.assets.create_url_asset("Field", settings["url"], {"from": publisher})
    datatoken.mint(buyer.address, to_wei(1), {"from": publisher})
    order = ocean.assets.pay_for_access_service(ddo, {"from": buyer})
    for _ in range(2):
        path = ocean.assets.download_asset(ddo, buyer, settings["folder"], order.hex())
    return {"did": ddo.did, "order": order.hex(), "path": path}


def dispensed(ocean: Ocean, settings: dict, publisher, buyer) -> dict:
    """The buyer takes a datatoken from the dispenser."""
    pricing = DispenserArguments(to_wei(1), to_wei(1))
    _, datatoken, ddo = ocean.assets.create_url_asset("Free field", settings["url"], {"from": publisher}, pricing_schema_args=pricing)
    datatoken.dispense(to_wei(1), {"from": buyer})
    order = ocean.assets.pay_for_access_service(ddo, {"from": buyer})
    path = ocean.assets.download_asset(ddo, buyer, settings["folder"], order.hex(), index=0)
    return {"did": ddo.did, "order": order.hex(), "path": path}


main()
