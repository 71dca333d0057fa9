"""Plain models, fitted on the same raw rows and judged on the same test rows as ours."""

from .alongside import fit_peers
from .members import PEERS
from .outside import answer_outside
from .peer import FittedPeer, Peer

__all__ = ["PEERS", "FittedPeer", "Peer", "answer_outside", "fit_peers"]
