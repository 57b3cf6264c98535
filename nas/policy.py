"""What a learning policy would propose at one moment of a search, to be shown over time."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from search_spaces import Choice


class DecisionPolicy(BaseModel):
    """How a policy answers one decision."""

    model_config = ConfigDict(frozen=True)

    name: str
    choices: tuple[Choice, ...]
    probabilities: tuple[float, ...] = Field(
        description="of each choice, where the decision arises"
    )
    reached: float = Field(description="share of proposals in which the decision arises")


class Policy(BaseModel):
    """A policy after so many updates.

    The probabilities are marginals: each decision's distribution, averaged over proposals drawn
    from the policy. Decisions that none of these came to are left out.
    """

    model_config = ConfigDict(frozen=True)

    update: int = Field(description="updates of the policy so far")
    entropy: float = Field(description="mean entropy of a whole proposal, nats")
    baseline: float | None = Field(description="reward that counts as usual")
    decisions: tuple[DecisionPolicy, ...]
