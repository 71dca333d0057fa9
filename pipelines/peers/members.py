"""Every peer, in the order in which they are fitted: the cheapest first."""

from ..rows.sketch import DataSketch
from .anomalies import IsolationPeer
from .copied import NearestTextPeer
from .forecasts import BoostedStepsPeer, RidgePeer
from .peer import Peer
from .pictures import PixelPeer
from .plain import PriorPeer
from .pretrained import PretrainedPeer
from .series import MiniRocketPeer, NeighbourPeer
from .tables import BoostingPeer, ForestPeer, LinearPeer
from .texts import TfidfPeer

PEERS: tuple[Peer, ...] = (
    PriorPeer(),
    LinearPeer(),
    ForestPeer(),
    BoostingPeer(),
    TfidfPeer(),
    NearestTextPeer(),
    NeighbourPeer(),
    MiniRocketPeer(),
    PixelPeer(),
    PretrainedPeer(),
    RidgePeer(),
    BoostedStepsPeer(),
    IsolationPeer(),
)


def suiting(sketch: DataSketch) -> tuple[Peer, ...]:
    """Returns the peers that can learn from such data."""
    found = []
    for peer in PEERS:
        if _answers_such(peer, sketch) and not peer.suits(sketch):
            found.append(peer)
    return tuple(found)


def _answers_such(peer, sketch):
    """Returns whether a peer spells where answers are spelled, and does not elsewhere."""
    return sketch.may_be(lambda task: task.spells == peer.spells)
