"""The calculator's models as data: every Linear layer that adapters may target, and where the other numbers are.

Called by parameters.py and the parameters page. Shapes follow the configs in transformers 5 and the published
config.json files; parameter totals equal those of the models built from these configs.
"""

from __future__ import annotations

from typing import NamedTuple


class Module(NamedTuple):
    """Linear layers of one name and shape: `copies` of them in the whole model."""

    name: str
    in_features: int
    out_features: int
    copies: int
    bias: bool
    in_qv: bool
    """Whether the targets "qv" (query and value projections) include it."""


class Preset(NamedTuple):
    """A model. total = linear layers with their biases + everything in `other`."""

    key: str
    title: str
    layers: str
    hidden: int
    intermediate: int
    heads: str
    vocabulary: int
    """0 where there is none."""
    modules: tuple[Module, ...]
    """All that PEFT's "all-linear" adapts: without the output head of language models."""
    other: tuple[tuple[str, int], ...]
    """Parameters outside `modules`, by part."""
    other_biases: int
    """How many of those are called "bias"; PEFT's bias="all" trains these too."""
    source: str

    @property
    def total(self) -> int:
        """All parameters of the model."""
        linear = sum(module.copies * module.out_features * (module.in_features + module.bias) for module in self.modules)
        return linear + sum(number for _, number in self.other)

    @property
    def biases(self) -> int:
        """All parameters called "bias"."""
        return self.other_biases + sum(module.copies * module.out_features for module in self.modules if module.bias)


def _decoder(
    key: str,
    title: str,
    *,
    layers: int,
    hidden: int,
    intermediate: int,
    heads: int,
    groups: int,
    head: int,
    vocabulary: int,
    source: str,
    qkv_bias: bool = False,
    tied: bool = False,
    norms: int = 2,
    head_norms: bool = False,
) -> Preset:
    """Build a LLaMA-like decoder: q, k, v, o and a gated MLP (gate, up, down) in each layer."""
    queries, values = heads * head, groups * head
    modules = (
        Module("q_proj", hidden, queries, layers, qkv_bias, True),
        Module("k_proj", hidden, values, layers, qkv_bias, False),
        Module("v_proj", hidden, values, layers, qkv_bias, True),
        Module("o_proj", queries, hidden, layers, False, False),
        Module("gate_proj", hidden, intermediate, layers, False, False),
        Module("up_proj", hidden, intermediate, layers, False, False),
        Module("down_proj", intermediate, hidden, layers, False, False),
    )
    other = [("token embedding", vocabulary * hidden), ("norms", (norms * layers + 1) * hidden)]
    if head_norms:
        other.append(("query and key norms", 2 * layers * head))
    if not tied:
        other.append(("output head", vocabulary * hidden))
    return Preset(
        key, title, str(layers), hidden, intermediate, f"{heads}/{groups} ({head})", vocabulary, modules, tuple(other), 0, source
    )


def _transformer_base(names: tuple[str, str, str, str, str, str]) -> tuple[Module, ...]:
    """Build the linear layers of a base-size encoder (BERT, ViT), all with bias; q and v are the first and third."""
    hidden, inner, layers = 768, 3072, 12
    attention = tuple(Module(name, hidden, hidden, layers, True, index in (0, 2)) for index, name in enumerate(names[:4]))
    return (
        *attention,
        Module(names[4], hidden, inner, layers, True, False),
        Module(names[5], inner, hidden, layers, True, False),
    )


PRESETS: dict[str, Preset] = {
    preset.key: preset
    for preset in (
        _decoder(
            "llama-2-7b",
            "Llama-2-7B",
            layers=32,
            hidden=4096,
            intermediate=11008,
            heads=32,
            groups=32,
            head=128,
            vocabulary=32000,
            source="transformers LlamaConfig defaults",
        ),
        _decoder(
            "llama-3.1-8b",
            "Llama-3.1-8B",
            layers=32,
            hidden=4096,
            intermediate=14336,
            heads=32,
            groups=8,
            head=128,
            vocabulary=128256,
            source="published config.json",
        ),
        _decoder(
            "mistral-7b",
            "Mistral-7B v0.1",
            layers=32,
            hidden=4096,
            intermediate=14336,
            heads=32,
            groups=8,
            head=128,
            vocabulary=32000,
            source="transformers MistralConfig defaults",
        ),
        _decoder(
            "qwen2.5-7b",
            "Qwen2.5-7B",
            layers=28,
            hidden=3584,
            intermediate=18944,
            heads=28,
            groups=4,
            head=128,
            vocabulary=152064,
            qkv_bias=True,
            source="published config.json",
        ),
        _decoder(
            "qwen3-8b",
            "Qwen3-8B",
            layers=36,
            hidden=4096,
            intermediate=12288,
            heads=32,
            groups=8,
            head=128,
            vocabulary=151936,
            head_norms=True,
            source="published config.json",
        ),
        _decoder(
            "gemma-2-2b",
            "Gemma-2-2B",
            layers=26,
            hidden=2304,
            intermediate=9216,
            heads=8,
            groups=4,
            head=256,
            vocabulary=256000,
            tied=True,
            norms=4,
            source="transformers Gemma2Config defaults",
        ),
        Preset(
            "t5-large",
            "T5-large",
            "24+24",
            1024,
            4096,
            "16/16 (64)",
            32128,
            (
                # 24 encoder layers with self-attention, 24 decoder layers with self- and cross-attention.
                *(Module(name, 1024, 1024, 72, False, name in "qv") for name in "qkvo"),
                Module("wi", 1024, 4096, 48, False, False),
                Module("wo", 4096, 1024, 48, False, False),
            ),
            (
                ("token embedding", 32128 * 1024),
                ("norms", (2 * 24 + 1 + 3 * 24 + 1) * 1024),
                ("relative attention bias", 2 * 32 * 16),
            ),
            0,
            "published config.json",
        ),
        Preset(
            "bert-base",
            "BERT-base (encoder with pooler)",
            "12",
            768,
            3072,
            "12/12 (64)",
            30522,
            (
                *_transformer_base(("query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense")),
                Module("pooler.dense", 768, 768, 1, True, False),
            ),
            (
                ("token, position and type embeddings", (30522 + 512 + 2) * 768),
                ("norms", (2 * 12 + 1) * 2 * 768),
            ),
            (2 * 12 + 1) * 768,
            "transformers BertConfig defaults",
        ),
        Preset(
            "vit-b-16",
            "ViT-B/16 (1000-class head)",
            "12",
            768,
            3072,
            "12/12 (64)",
            0,
            (
                *_transformer_base(("q_proj", "k_proj", "v_proj", "o_proj", "fc1", "fc2")),
                Module("classifier", 768, 1000, 1, True, False),
            ),
            (
                ("class token and position embeddings", (1 + 197) * 768),
                ("patch convolution", (3 * 16 * 16 + 1) * 768),
                ("norms", (2 * 12 + 1) * 2 * 768),
            ),
            768 + (2 * 12 + 1) * 768,
            "transformers ViTConfig defaults, 1000 classes",
        ),
    )
}


def find_preset(name: object) -> Preset:
    """Return the preset of a key or title, whatever its case; an unknown name raises ValueError with the list.

    >>> find_preset("Llama-2-7B").total
    6738415616
    """
    if isinstance(name, Preset):
        return name
    wanted = str(name).strip().lower()
    for preset in PRESETS.values():
        if wanted in (preset.key, preset.title.lower()):
            return preset
    raise ValueError(f"There is no model {name!r}; the presets are {', '.join(PRESETS)}.")


def find_targets(targets: object) -> str:
    """Return "qv" or "all_linear"; q_v and all-linear are read as the same."""
    wanted = str(targets).strip().lower().replace("-", "_")
    if wanted in ("qv", "q_v"):
        return "qv"
    if wanted == "all_linear":
        return "all_linear"
    raise ValueError(f"targets must be 'qv' (query and value projections) or 'all_linear', not {targets!r}.")


def target_modules(preset: Preset, targets: object) -> tuple[Module, ...]:
    """Return the modules of a preset that these targets adapt."""
    everything = find_targets(targets) == "all_linear"
    return tuple(module for module in preset.modules if everything or module.in_qv)
