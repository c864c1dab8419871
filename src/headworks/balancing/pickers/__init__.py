"""Orders of targets, one a file: what each goes by, and nothing of how an attempt is made."""

from headworks.balancing.pickers.cheapest import Cheapest
from headworks.balancing.pickers.fastest import Fastest
from headworks.balancing.pickers.hashed import Hashed
from headworks.balancing.pickers.least_busy import LeastBusy
from headworks.balancing.pickers.ordered import Ordered
from headworks.balancing.pickers.power_of_two import PowerOfTwo
from headworks.balancing.pickers.sticky import Sticky
from headworks.balancing.pickers.weighted import Weighted

__all__ = ["Cheapest", "Fastest", "Hashed", "LeastBusy", "Ordered", "PowerOfTwo", "Sticky", "Weighted"]
