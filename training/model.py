"""The model: a small BERT encoder, a tag for every word from each tag head, and answers about the post from one class head.

A plain restatement of BERT (Devlin et al. 2019) in torch: all-MiniLM-L6-v2's weights load as they are, and what is exported
to ONNX holds nothing but what runs. Beside word pieces it takes the shape of the word that a piece belongs to
(detectors/_words.py).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from detectors._words import SHAPES
from training.posts import Heads

BASE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # all-MiniLM-L6-v2's model.safetensors
WIDTH, LAYERS, ATTENTION_HEADS, INNER, PIECES, POSITIONS = 384, 6, 12, 1536, 30522, 512
_EPSILON = 1e-12


class _Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, _EPSILON), nn.LayerNorm(WIDTH, _EPSILON)
        self.up, self.down = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, _ = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(batch, length, ATTENTION_HEADS, WIDTH // ATTENTION_HEADS).transpose(1, 2)

        weights = split(self.query(x)) @ split(self.key(x)).transpose(-1, -2) / (WIDTH // ATTENTION_HEADS) ** 0.5 + bias
        attended = self.dropout(weights.softmax(-1)) @ split(self.value(x))
        attended = attended.transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm1(x + self.dropout(self.out(attended)))
        return self.norm2(x + self.dropout(self.down(nn.functional.gelu(self.up(x)))))


class Model(nn.Module):
    """`forward` takes four int64 tensors [batch, pieces]; gives logits, one tensor a tag head and last [batch, classes]."""

    def __init__(self, heads: Heads) -> None:
        super().__init__()
        self.words = nn.Embedding(PIECES, WIDTH)
        self.positions = nn.Embedding(POSITIONS, WIDTH)
        self.sides = nn.Embedding(2, WIDTH)
        self.shapes = nn.Embedding(SHAPES, WIDTH)
        nn.init.zeros_(self.shapes.weight)
        self.norm = nn.LayerNorm(WIDTH, _EPSILON)
        self.dropout = nn.Dropout(0.1)
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))
        self.tags = nn.ModuleDict({head: nn.Linear(WIDTH, 1 + 2 * len(tags)) for head, tags in heads.tags.items()})
        self.gather = nn.Linear(2 * WIDTH, WIDTH)
        self.classes = nn.Linear(WIDTH, len(heads.classes))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, shapes: Tensor) -> tuple[Tensor, ...]:
        at = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.words(input_ids) + self.positions(at) + self.sides(token_type_ids) + self.shapes(shapes)
        x = self.dropout(self.norm(x))
        mask = attention_mask.to(x.dtype)
        bias = (1.0 - mask)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        mean = (x * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        post = torch.tanh(self.gather(self.dropout(torch.cat([x[:, 0], mean], dim=-1))))
        return (*(tag(self.dropout(x)) for tag in self.tags.values()), self.classes(self.dropout(post)))

    def freeze(self, layers: int) -> None:
        """Leave the embeddings and the lowest layers as they came; shapes are always learnt."""
        frozen = [self.words, self.positions, *list(self.layers)[:layers]] if layers else []
        for part in frozen:
            part.requires_grad_(False)


def load_base(model: Model, path: Path) -> None:
    """Fill in all-MiniLM-L6-v2. Raises ValueError where the file is another."""
    if hashlib.sha256(path.read_bytes()).hexdigest() != BASE_SHA256:
        raise ValueError(f"{path}: not the weights of all-MiniLM-L6-v2 that are expected")
    given = load_file(path)
    names = {
        "words.weight": "embeddings.word_embeddings.weight",
        "positions.weight": "embeddings.position_embeddings.weight",
        "sides.weight": "embeddings.token_type_embeddings.weight",
    }
    parts = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value"}
    parts |= {"out": "attention.output.dense", "norm1": "attention.output.LayerNorm", "norm2": "output.LayerNorm"}
    parts |= {"up": "intermediate.dense", "down": "output.dense"}
    for kind in ("weight", "bias"):
        names[f"norm.{kind}"] = f"embeddings.LayerNorm.{kind}"
        for n in range(LAYERS):
            names |= {f"layers.{n}.{ours}.{kind}": f"encoder.layer.{n}.{theirs}.{kind}" for ours, theirs in parts.items()}
    left = model.load_state_dict({ours: given[theirs] for ours, theirs in names.items()}, strict=False)
    unfilled = {name.split(".")[0] for name in left.missing_keys}
    assert unfilled == {"shapes", "tags", "gather", "classes"}, unfilled
