"""The data plane's front door: an HTTP/1.1 server of our own, over llhttp.

server      listens, keeps time, drains          connection   one client: bytes in, answers out, patience
reader      bytes → requests                     request      what is refused at the sight of a head
reception   journey, or an answer at once        routes       what is answered where: a table
responder   one request's task                   sinks        replies onto the wire
"""

from headworks.edge.door import Door
from headworks.edge.server import Edge, EdgeGauges

__all__ = ["Door", "Edge", "EdgeGauges"]
