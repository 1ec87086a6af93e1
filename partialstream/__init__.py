"""partialstream."""
from partialstream.validation.items import ItemParser as ItemParser
from partialstream.validation.partials import PartialParser as PartialParser
from partialstream.validation.markers import Atomic as Atomic, Gate as Gate
