"""Every peer, in the order in which they are fitted: the cheapest first."""

from ..rows.sketch import DataSketch
from .anomalies import IsolationPeer
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
    return tuple(peer for peer in PEERS if not peer.suits(sketch))
