"""The network CAM++: log-mel frames of a stretch of speech to one vector, to load published weights into.

A small convolutional front over time and frequency, then densely connected layers over time, each masked by the
average of its surroundings and of the whole stretch; mean and standard deviation over time, and a linear layer.

Source: Wang et al. (2023), "CAM++: a fast and efficient network for speaker verification using context-aware masking",
Interspeech. Names of layers are those of the published weights (3D-Speaker, Apache License 2.0).
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

BANDS = 80
EMBEDDING_SIZE = 192

_FRONT_CHANNELS = 32
_FIRST_CHANNELS = 128
_GROWTH = 32  # channels that a dense layer adds
_BOTTLENECK = 128
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, dilation
_SURROUNDINGS = 100  # frames whose average masks them


class CamPlusPlus(nn.Module):
    """CAM++ with the sizes of its paper."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _Front()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["tdnn"] = _TimeLayer(_FRONT_CHANNELS * BANDS // 8, _FIRST_CHANNELS)
        channels = _FIRST_CHANNELS
        for number, (depth, dilation) in enumerate(_BLOCKS, 1):
            layers[f"block{number}"] = _DenseBlock(channels, depth, dilation)
            channels += depth * _GROWTH
            layers[f"transit{number}"] = _Halved(channels)
            channels //= 2
        layers["out_nonlinear"] = _Normalised(channels)
        layers["stats"] = _Statistics()
        layers["dense"] = _Embedding(2 * channels)
        self.xvector = nn.Sequential(layers)

    def forward(self, frames: Tensor) -> Tensor:
        """Embed stretches of equal length.

        Args:
            frames: shape (batch, frames, 80), log-mel bands less their mean over time.

        Returns:
            Shape (batch, 192), of any length.
        """
        embedding: Tensor = self.xvector(self.head(frames.transpose(1, 2)))
        return embedding

    def fused(self) -> "CamPlusPlus":
        """The same network with what follows a convolution folded into it; for embedding alone, after ``eval``."""
        for module in self.modules():
            if isinstance(module, _Front | _Residual | _DenseLayer):
                module.fuse()
        self.head.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self


class _Front(nn.Module):
    """Convolutions over time and frequency, which keep the frames and leave an eighth of the bands."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _square(1)
        self.bn1: nn.Module = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.layer1 = nn.Sequential(_Residual(2), _Residual(1))
        self.layer2 = nn.Sequential(_Residual(2), _Residual(1))
        self.conv2 = _square(_FRONT_CHANNELS, 2)
        self.bn2: nn.Module = nn.BatchNorm2d(_FRONT_CHANNELS)

    def forward(self, frames: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(frames.unsqueeze(1))))
        out = functional.relu(self.bn2(self.conv2(self.layer2(self.layer1(out)))))
        return out.flatten(1, 2)

    def fuse(self) -> None:
        self.bn1 = _fused(self.conv1, self.bn1)
        self.bn2 = _fused(self.conv2, self.bn2)


class _Residual(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.conv1 = _square(_FRONT_CHANNELS, stride)
        self.bn1: nn.Module = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.conv2 = _square(_FRONT_CHANNELS)
        self.bn2: nn.Module = nn.BatchNorm2d(_FRONT_CHANNELS)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(_FRONT_CHANNELS, _FRONT_CHANNELS, 1, stride=(stride, 1), bias=False),
                nn.BatchNorm2d(_FRONT_CHANNELS),
            )

    def forward(self, given: Tensor) -> Tensor:
        out = functional.relu(self.bn1(self.conv1(given)))
        return functional.relu(self.bn2(self.conv2(out)) + self.shortcut(given))

    def fuse(self) -> None:
        self.bn1 = _fused(self.conv1, self.bn1)
        self.bn2 = _fused(self.conv2, self.bn2)
        if len(self.shortcut):
            self.shortcut[1] = _fused(self.shortcut[0], self.shortcut[1])


class _Normalised(nn.Module):
    """Batch normalisation and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.batchnorm: nn.Module = nn.BatchNorm1d(channels)

    def forward(self, given: Tensor) -> Tensor:
        return functional.relu_(self.batchnorm(given.flatten(0, 1))).view_as(given)


class _TimeLayer(nn.Module):
    """The first layer over time, which leaves every other frame; from here on time comes before the channels."""

    def __init__(self, given: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(given, channels, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _Normalised(channels)

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.nonlinear(self.linear(given).transpose(1, 2).contiguous())
        return out


class _DenseBlock(nn.ModuleDict):
    """Layers each of which adds channels to all that came before."""

    def __init__(self, channels: int, depth: int, dilation: int) -> None:
        layers = (_DenseLayer(channels + index * _GROWTH, dilation) for index in range(depth))
        super().__init__({f"tdnnd{number}": layer for number, layer in enumerate(layers, 1)})

    def forward(self, given: Tensor) -> Tensor:
        for layer in self.values():
            given = torch.cat([given, layer(given)], dim=2)
        return given


class _DenseLayer(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _Normalised(channels)
        self.linear1 = _Pointwise(channels, _BOTTLENECK, bias=False)
        self.nonlinear2 = _Normalised(_BOTTLENECK)
        self.cam_layer = _Masked(dilation)

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(given))))
        return out

    def fuse(self) -> None:
        self.nonlinear2.batchnorm = _fused(self.linear1, self.nonlinear2.batchnorm)


class _Masked(nn.Module):
    """A convolution over time, whose output is weighted by what the surroundings and the whole stretch are like."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.linear_local = nn.Conv1d(_BOTTLENECK, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = _Pointwise(_BOTTLENECK, _BOTTLENECK // 2)
        self.linear2 = _Pointwise(_BOTTLENECK // 2, _GROWTH)

    def forward(self, given: Tensor) -> Tensor:
        frames = given.shape[1]
        around = functional.avg_pool1d(given.transpose(1, 2), _SURROUNDINGS, _SURROUNDINGS, ceil_mode=True)
        context = given.mean(1, keepdim=True) + around.transpose(1, 2)
        mask = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        return self._local(given) * mask.repeat_interleave(_SURROUNDINGS, dim=1)[:, :frames]

    def _local(self, given: Tensor) -> Tensor:
        """The convolution as one matrix product over each frame and its two neighbours."""
        frames, apart = given.shape[1], self.dilation
        padded = functional.pad(given, (0, 0, apart, apart))
        neighbours = [padded[:, start : start + frames] for start in (0, apart, 2 * apart)]
        return functional.linear(torch.cat(neighbours, 2), self.linear_local.weight.transpose(1, 2).flatten(1))


class _Halved(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.nonlinear = _Normalised(channels)
        self.linear = _Pointwise(channels, channels // 2, bias=False)

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.linear(self.nonlinear(given))
        return out


class _Statistics(nn.Module):
    """Mean and standard deviation over time, shape (batch, 1, 2 x channels)."""

    def forward(self, given: Tensor) -> Tensor:
        deviation, mean = torch.std_mean(given, dim=1, keepdim=True)
        return torch.cat([mean, deviation], dim=2)


class _Embedding(nn.Module):
    """The last layer: linear, then normalised over the training data, with no ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.linear = _Pointwise(channels, EMBEDDING_SIZE, bias=False)
        self.nonlinear = nn.ModuleDict({"batchnorm": nn.BatchNorm1d(EMBEDDING_SIZE, affine=False)})

    def forward(self, given: Tensor) -> Tensor:
        out: Tensor = self.nonlinear["batchnorm"](self.linear(given)[:, 0])
        return out


class _Pointwise(nn.Conv1d):
    """A convolution of one frame, computed as the matrix product that it is; time before channels."""

    def __init__(self, given: int, made: int, *, bias: bool = True) -> None:
        super().__init__(given, made, 1, bias=bias)

    def forward(self, given: Tensor) -> Tensor:
        return functional.linear(given, self.weight[:, :, 0], self.bias)


def _square(given: int, stride: int = 1) -> nn.Conv2d:
    """3 x 3, with a stride over the bands."""
    return nn.Conv2d(given, _FRONT_CHANNELS, 3, stride=(stride, 1), padding=1, bias=False)


def _fused(convolution: nn.Module, norm: nn.Module) -> nn.Module:
    """Fold a batch normalisation into the convolution before it; nothing remains to do after it."""
    assert isinstance(convolution, nn.Conv1d | nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    return nn.Identity()
