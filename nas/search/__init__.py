"""The search loop: asks the sampler, hands out trials, records what comes back, tells the sampler.

`loop` has the order of calls; `finding` what is asked until a candidate is new and within the
constraints; `candidates` what a proposal describes; `ledger` what was proposed and told.
"""

from nas.search.finding import PROPOSALS_PER_TRIAL, UNIFORM_PROPOSALS_PER_TRIAL
from nas.search.loop import SearchLoop

__all__ = ["PROPOSALS_PER_TRIAL", "UNIFORM_PROPOSALS_PER_TRIAL", "SearchLoop"]
