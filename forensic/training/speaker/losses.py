"""What the network learns from: the teacher's geometry and the labels of people."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def cosine_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    """One minus the cosine to the target, averaged; both of shape (batch, size), unit length."""
    return 1.0 - (embeddings * targets).sum(dim=1).mean()


def similarity_loss(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Mean squared difference of the two batches' matrices of cosines; both of shape (batch, size), unit length."""
    return functional.mse_loss(embeddings @ embeddings.T, targets @ targets.T)


def ge2e_loss(embeddings: Tensor, people: Tensor, scale: float) -> Tensor:
    """Generalised end-to-end loss: which person of the batch is this, by the mean of each person's other crops?

    Args:
        embeddings: shape (batch, size), unit length.
        people: index of each crop's person, shape (batch,); -1 where unknown; these are ignored.
        scale: of the cosines before the softmax.

    Returns:
        A scalar; 0 where the batch holds fewer than two people, or nobody twice.

    Source: Wan et al. (2018), "Generalized end-to-end loss for speaker verification", its softmax variant.
    """
    known = people >= 0
    embeddings = embeddings[known]
    _, person, crops = torch.unique(people[known], return_inverse=True, return_counts=True)
    if len(crops) < 2 or not bool((crops > 1).any()):  # noqa: PLR2004 - two people
        return torch.zeros((), device=embeddings.device)
    sums = torch.zeros(len(crops), embeddings.shape[1], device=embeddings.device).index_add(0, person, embeddings)
    cosine = embeddings @ functional.normalize(sums, dim=1).T
    others = functional.normalize(sums[person] - embeddings, dim=1)  # a crop is not compared with itself
    own = (embeddings * others).sum(dim=1, keepdim=True)
    is_own = functional.one_hot(person, len(crops)).bool()
    repeated = crops[person] > 1
    return functional.cross_entropy(scale * torch.where(is_own, own, cosine)[repeated], person[repeated])


class MarginSoftmax(nn.Module):
    """Additive-margin softmax over the training people.

    Source: Wang et al. (2018), "Additive margin softmax for face verification".
    """

    def __init__(self, class_vectors: Tensor, margin: float, scale: float) -> None:
        """Start from given vectors.

        Args:
            class_vectors: shape (people, size), for example the teacher's mean of each person.
            margin: subtracted from the cosine to the true person.
            scale: of the cosines before the softmax.
        """
        super().__init__()
        self.class_vectors = nn.Parameter(class_vectors.clone())
        self.margin, self.scale = margin, scale

    def forward(self, embeddings: Tensor, people: Tensor) -> Tensor:
        """The loss.

        Args:
            embeddings: shape (batch, size), unit length.
            people: index of each crop's person, shape (batch,); -1 where unknown, which adds no loss.
        """
        known = people >= 0
        if not bool(known.any()):
            return torch.zeros((), device=embeddings.device)
        cosine = embeddings[known] @ functional.normalize(self.class_vectors, dim=1).T
        margins = functional.one_hot(people[known], cosine.shape[1]) * self.margin
        return functional.cross_entropy(self.scale * (cosine - margins), people[known])
