"""The free slots: how many rows may be claimed now."""

from runops_operator.config import OperatorConfig
from runops_operator.informer.store import Store
from runops_operator.intake.admission import Admission, admit
from runops_operator.intake.confirm import Confirmation

__all__ = ["Slots"]


class Slots:
    """What the cluster and the claimed rows leave free.

    Parameters
    ----------
    store
        The VideoJobs.
    confirmation
        The rows that are claimed and have no VideoJob yet.
    config
        Settings of this installation.
    """

    def __init__(self, store: Store, confirmation: Confirmation, config: OperatorConfig) -> None:
        self._store = store
        self._confirmation = confirmation
        self._config = config

    def admission(self) -> Admission:
        """Return what may be claimed.

        Raises
        ------
        SupabaseError, ClusterError
            VideoJobs cannot be made for the rows that are claimed already.
        """
        if self._confirmation.failure is not None:
            raise self._confirmation.failure
        return admit(self._store.unfinished(), self._config, claimed=self._confirmation.by_user())
