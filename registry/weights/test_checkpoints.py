"""Small checkpoints with the keys of released models, and what those models give, by PyTorch alone.

    test_checkpoints.py make DIR           writes the checkpoints, DIR/image.safetensors and DIR/NAME.out.safetensors
    test_checkpoints.py samples DIR        writes zip.pth and legacy.pth, which stand in testdata/
    test_checkpoints.py foreign DIR        writes encoders that differ from MAE's and what they give; some of them stand in
                                           testdata/ (weights are rounded to half, so that they are small)
    test_checkpoints.py check DIR FILE…    loads FILE (timm's, transformers' or MAE's names) with strict=True into a
                                           network of that layout and prints its greatest difference from NAME.out,
                                           NAME being the file's name up to its first dot
    test_checkpoints.py check_timm DIR NAME…   runs DIR/NAME.timm.py, which makes a network of timm (here one written anew,
                                           with the same keyword arguments and names) and loads DIR/NAME.timm.safetensors
                                           into it, and prints the greatest difference of what that gives from NAME.out

The networks are written anew from the papers and the key tables of the released code; nothing of this project is used.
"""
import argparse
import collections
import functools
import json
import math
import struct
import sys
import types
from pathlib import Path

import torch
from torch import nn

DIM, DEPTH, HEADS, PATCH, IMAGE = 24, 2, 2, 8, 32
GRID = IMAGE // PATCH


def attend(q, k, v):
    b, n, d = q.shape
    q, k, v = (x.reshape(b, n, HEADS, d // HEADS).transpose(1, 2) for x in (q, k, v))
    weights = torch.softmax(q @ k.transpose(-2, -1) / (d // HEADS) ** 0.5, dim=-1)
    return (weights @ v).transpose(1, 2).reshape(b, n, d)


class Holder(nn.Module):
    """Gives its children their names."""

    def __init__(self, **children):
        super().__init__()
        for name, child in children.items():
            setattr(self, name, child)


class Scale(nn.Module):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.register_parameter(name, nn.Parameter(torch.randn(DIM)))

    def forward(self, x):
        return x * getattr(self, self.name)


class TimmBlock(nn.Module):
    """scale: None, "ls" (ls1.gamma: DINOv2) or "gamma" (gamma_1: BEiT, SimMIM). split: q_bias and v_bias, none of k."""

    def __init__(self, scale=None, split=False, dim=DIM, heads=HEADS):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attn = Holder(qkv=nn.Linear(dim, 3 * dim, bias=not split), proj=nn.Linear(dim, dim))
        if split:
            self.attn.q_bias, self.attn.v_bias = nn.Parameter(torch.randn(dim)), nn.Parameter(torch.randn(dim))
        self.mlp = Holder(fc1=nn.Linear(dim, 4 * dim), fc2=nn.Linear(4 * dim, dim))
        self.split, self.scale = split, scale
        if scale == "ls":
            self.ls1, self.ls2 = Scale("gamma"), Scale("gamma")
        elif scale == "gamma":
            self.gamma_1, self.gamma_2 = nn.Parameter(torch.randn(dim)), nn.Parameter(torch.randn(dim))

    def scales(self):
        if self.scale == "ls":
            return self.ls1.gamma, self.ls2.gamma
        return (self.gamma_1, self.gamma_2) if self.scale == "gamma" else (1, 1)

    def forward(self, x):
        first, second = self.scales()
        bias = self.attn.qkv.bias
        if self.split:
            bias = torch.cat([self.attn.q_bias, torch.zeros_like(self.attn.q_bias), self.attn.v_bias])
        qkv = nn.functional.linear(self.norm1(x), self.attn.qkv.weight, bias)
        x = x + first * self.attn.proj(attend(*qkv.chunk(3, dim=-1)))
        return x + second * self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm2(x))))


class TimmVit(nn.Module):
    def __init__(self, cls=True, cls_position=True, **block):
        super().__init__()
        if cls:
            self.cls_token = nn.Parameter(torch.randn(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.randn(1, GRID**2 + (1 if cls and cls_position else 0), DIM))
        self.patch_embed = Holder(proj=nn.Conv2d(3, DIM, PATCH, stride=PATCH))
        self.blocks = nn.ModuleList(TimmBlock(**block) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        self.cls, self.cls_position = cls, cls_position

    def forward(self, image):
        x = self.patch_embed.proj(image).flatten(2).transpose(1, 2)
        if not self.cls:
            x = x + self.pos_embed
        else:
            cls = self.cls_token.expand(len(x), -1, -1)
            x = torch.cat([cls, x], 1) + self.pos_embed if self.cls_position else torch.cat([cls, x + self.pos_embed], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Dinov2WithRegisters(TimmVit):
    """facebookresearch/dinov2, vision_transformer.py: registers come after the class token, once positions are added."""

    def __init__(self):
        super().__init__(scale="ls")
        self.register_tokens = nn.Parameter(torch.randn(1, 4, DIM))

    def forward(self, image):
        x = self.patch_embed.proj(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        x = torch.cat([x[:, :1], self.register_tokens.expand(len(x), -1, -1), x[:, 1:]], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


def rope_tables(grid, periods):
    """facebookresearch/dinov3, rope_position_encoding.py: sine and cosine of every patch, L×d."""
    coords = (torch.arange(grid) + 0.5) / grid
    coords = torch.stack(torch.meshgrid(coords, coords, indexing="ij"), dim=-1).flatten(0, 1) * 2 - 1
    angles = 2 * math.pi * coords[:, :, None] / periods[None, None, :]
    angles = angles.flatten(1, 2).tile(2)
    return torch.sin(angles), torch.cos(angles)


def rope_apply(x, sin, cos):
    first, second = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-second, first], dim=-1) * sin


class Dinov3Block(nn.Module):
    """SelfAttentionBlock with LinearKMaskedBias; bias=False: MedDINOv3 has no bias of query, key and value."""

    def __init__(self, bias=True):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(DIM, eps=1e-5), nn.LayerNorm(DIM, eps=1e-5)
        self.attn = Holder(qkv=nn.Linear(DIM, 3 * DIM, bias=bias), proj=nn.Linear(DIM, DIM))
        self.mlp = Holder(fc1=nn.Linear(DIM, 4 * DIM), fc2=nn.Linear(4 * DIM, DIM))
        self.ls1, self.ls2 = Scale("gamma"), Scale("gamma")

    def attend(self, x, sin, cos):
        b, n, _ = x.shape
        bias = self.attn.qkv.bias
        if bias is not None:
            bias = bias * torch.cat([torch.ones(DIM), torch.zeros(DIM), torch.ones(DIM)])
        qkv = nn.functional.linear(x, self.attn.qkv.weight, bias).reshape(b, n, 3, HEADS, DIM // HEADS)
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
        prefix = n - len(sin)
        q, k = (torch.cat([part[:, :, :prefix], rope_apply(part[:, :, prefix:], sin, cos)], dim=2) for part in (q, k))
        weights = torch.softmax(q @ k.transpose(-2, -1) * (DIM // HEADS) ** -0.5, dim=-1)
        return self.attn.proj((weights @ v).transpose(1, 2).reshape(b, n, DIM))

    def forward(self, x, sin, cos):
        x = x + self.ls1(self.attend(self.norm1(x), sin, cos))
        return x + self.ls2(self.mlp.fc2(nn.functional.gelu(self.mlp.fc1(self.norm2(x)))))


class Dinov3(nn.Module):
    """facebookresearch/dinov3, DinoVisionTransformer."""

    def __init__(self, bias=True):
        super().__init__()
        self.cls_token, self.storage_tokens = nn.Parameter(torch.randn(1, 1, DIM)), nn.Parameter(torch.randn(1, 4, DIM))
        self.mask_token = nn.Parameter(torch.randn(1, DIM))
        self.patch_embed = Holder(proj=nn.Conv2d(3, DIM, PATCH, stride=PATCH))
        self.rope_embed = nn.Module()
        head = DIM // HEADS
        periods = 100.0 ** (2 * torch.arange(head // 4) / (head // 2))
        self.rope_embed.register_buffer("periods", periods.to(torch.bfloat16).float())
        self.blocks = nn.ModuleList(Dinov3Block(bias) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-5)

    def forward(self, image):
        x = self.patch_embed.proj(image).flatten(2).transpose(1, 2)
        grid = image.shape[-1] // PATCH
        sin, cos = rope_tables(grid, self.rope_embed.periods)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), self.storage_tokens.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x, sin, cos)
        return self.norm(x)


def as_transformers(state):
    """Names of transformers' DINOv3ViTModel; the key has no bias, and the periods stand in no file."""
    renamed = {"embeddings.cls_token": state["cls_token"], "embeddings.register_tokens": state["storage_tokens"],
               "embeddings.mask_token": state["mask_token"].reshape(1, 1, DIM),
               "embeddings.patch_embeddings.weight": state["patch_embed.proj.weight"],
               "embeddings.patch_embeddings.bias": state["patch_embed.proj.bias"],
               "norm.weight": state["norm.weight"], "norm.bias": state["norm.bias"]}
    for i in range(DEPTH):
        theirs, ours = f"layer.{i}.", f"blocks.{i}."
        for kind in ("weight", "bias"):
            for place, name in enumerate("qkv"):
                if (name, kind) != ("k", "bias"):
                    renamed[f"{theirs}attention.{name}_proj.{kind}"] = state[f"{ours}attn.qkv.{kind}"].chunk(3)[place]
            for own, other in (("norm1", "norm1"), ("norm2", "norm2"), ("attn.proj", "attention.o_proj"),
                               ("mlp.fc1", "mlp.up_proj"), ("mlp.fc2", "mlp.down_proj")):
                renamed[f"{theirs}{other}.{kind}"] = state[f"{ours}{own}.{kind}"]
        for place in (1, 2):
            renamed[f"{theirs}layer_scale{place}.lambda1"] = state[f"{ours}ls{place}.gamma"]
    return renamed


def as_timm(state):
    """timm's vit_*_patch16_dinov3: no bias of query, key and value."""
    names = {"storage_tokens": "reg_token", "ls1.gamma": "gamma_1", "ls2.gamma": "gamma_2"}
    renamed = {}
    for name, tensor in state.items():
        for own, other in names.items():
            name = name.replace(own, other)
        if name != "mask_token" and "rope_embed" not in name:
            renamed[name] = tensor
    return renamed


class SamBlock(nn.Module):
    """facebookresearch/segment-anything, image_encoder.py: Block with windows and decomposed relative positions."""

    def __init__(self, window, table):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(DIM, eps=1e-6), nn.LayerNorm(DIM, eps=1e-6)
        self.attn = Holder(qkv=nn.Linear(DIM, 3 * DIM), proj=nn.Linear(DIM, DIM))
        self.attn.rel_pos_h = nn.Parameter(torch.randn(2 * table - 1, DIM // HEADS))
        self.attn.rel_pos_w = nn.Parameter(torch.randn(2 * table - 1, DIM // HEADS))
        self.mlp = Holder(lin1=nn.Linear(DIM, 4 * DIM), lin2=nn.Linear(4 * DIM, DIM))
        self.window = window

    @staticmethod
    def rel_pos(size, table):
        rows = 2 * size - 1
        if len(table) != rows:
            table = nn.functional.interpolate(table.t()[None], size=rows, mode="linear")[0].t()
        return table[torch.arange(size)[:, None] - torch.arange(size)[None, :] + size - 1]

    def attend(self, x):  # B×h×w×D
        b, h, w, d = x.shape
        qkv = self.attn.qkv(x).reshape(b, h * w, 3, HEADS, d // HEADS).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.reshape(3, b * HEADS, h * w, d // HEADS).unbind(0)
        logits = q * (d // HEADS) ** -0.5 @ k.transpose(-2, -1)
        raster = q.reshape(b * HEADS, h, w, d // HEADS)
        rows = torch.einsum("bhwc,hkc->bhwk", raster, self.rel_pos(h, self.attn.rel_pos_h))
        columns = torch.einsum("bhwc,wkc->bhwk", raster, self.rel_pos(w, self.attn.rel_pos_w))
        logits = (logits.view(b * HEADS, h, w, h, w) + rows[..., None] + columns[..., None, :]).view(b * HEADS, h * w, -1)
        y = logits.softmax(-1) @ v
        return self.attn.proj(y.view(b, HEADS, h, w, -1).permute(0, 2, 3, 1, 4).reshape(b, h, w, d))

    def forward(self, x):
        y, window = self.norm1(x), self.window
        if window:
            b, h, w, d = y.shape
            y = y.view(b, h // window, window, w // window, window, d).permute(0, 1, 3, 2, 4, 5).reshape(-1, window, window, d)
            y = self.attend(y).view(b, h // window, w // window, window, window, d)
            y = y.permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, d)
        else:
            y = self.attend(y)
        x = x + y
        return x + self.mlp.lin2(nn.functional.gelu(self.mlp.lin1(self.norm2(x))))


class Sam(nn.Module):
    """ImageEncoderViT without its neck: windows of 2 in the first block, everywhere in the second. positions: SAM has a
    table, 1×g×g×D; LVM-Med's file has none."""

    def __init__(self, positions):
        super().__init__()
        self.patch_embed = Holder(proj=nn.Conv2d(3, DIM, PATCH, stride=PATCH))
        if positions:
            self.pos_embed = nn.Parameter(torch.randn(1, GRID, GRID, DIM))
        self.blocks = nn.ModuleList([SamBlock(2, 2), SamBlock(0, GRID)])
        self.positions = positions

    def forward(self, image):
        x = self.patch_embed.proj(image).permute(0, 2, 3, 1)
        if self.positions:
            x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return x.flatten(1, 2)


class SimMim(nn.Module):
    """microsoft/SimMIM, models/vision_transformer.py: no table of positions, one relative bias for all blocks."""

    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, DIM))
        self.patch_embed = Holder(proj=nn.Conv2d(3, DIM, PATCH, stride=PATCH))
        self.rel_pos_bias = nn.Module()
        self.rel_pos_bias.relative_position_bias_table = nn.Parameter(torch.randn((2 * GRID - 1) ** 2 + 3, HEADS))
        self.rel_pos_bias.register_buffer("relative_position_index", self.index())
        self.blocks = nn.ModuleList(TimmBlock(scale="gamma", split=True) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)

    @staticmethod
    def index():
        coords = torch.stack(torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")).flatten(1)
        relative = (coords[:, :, None] - coords[:, None, :]).permute(1, 2, 0) + GRID - 1
        relative[:, :, 0] *= 2 * GRID - 1
        distances = (2 * GRID - 1) ** 2
        index = torch.zeros(GRID**2 + 1, GRID**2 + 1, dtype=torch.long)
        index[1:, 1:] = relative.sum(-1)
        index[0, 0:], index[0:, 0], index[0, 0] = distances, distances + 1, distances + 2
        return index

    def attend(self, block, x):
        b, n, _ = x.shape
        bias = torch.cat([block.attn.q_bias, torch.zeros_like(block.attn.q_bias), block.attn.v_bias])
        qkv = nn.functional.linear(x, block.attn.qkv.weight, bias).reshape(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        table = self.rel_pos_bias.relative_position_bias_table[self.rel_pos_bias.relative_position_index.view(-1)]
        logits = q * (DIM // HEADS) ** -0.5 @ k.transpose(-2, -1) + table.view(n, n, -1).permute(2, 0, 1)
        return block.attn.proj((logits.softmax(-1) @ v).transpose(1, 2).reshape(b, n, DIM))

    def forward(self, image):
        x = self.patch_embed.proj(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = x + block.gamma_1 * self.attend(block, block.norm1(x))
            x = x + block.gamma_2 * block.mlp.fc2(nn.functional.gelu(block.mlp.fc1(block.norm2(x))))
        return self.norm(x)


class MaeNetwork(TimmVit):
    """facebookresearch/mae, MaskedAutoencoderViT: what it holds; forward() is the encoder on all patches."""

    def __init__(self, dim=16, depth=1):
        super().__init__()
        self.mask_token = nn.Parameter(torch.randn(1, 1, dim))
        self.decoder_embed = nn.Linear(DIM, dim)
        self.decoder_pos_embed = nn.Parameter(torch.randn(1, GRID**2 + 1, dim), requires_grad=False)
        self.decoder_blocks = nn.ModuleList(TimmBlock(dim=dim) for _ in range(depth))
        self.decoder_norm = nn.LayerNorm(dim)
        self.decoder_pred = nn.Linear(dim, PATCH**2 * 3)


class TransformersLayer(nn.Module):
    """ViTLayer, or Dinov2Layer where `dinov2`."""

    def __init__(self, dinov2):
        super().__init__()
        self.attention = Holder(attention=Holder(query=nn.Linear(DIM, DIM), key=nn.Linear(DIM, DIM),
                                                 value=nn.Linear(DIM, DIM)),
                                output=Holder(dense=nn.Linear(DIM, DIM)))
        norms = nn.LayerNorm(DIM, eps=1e-6), nn.LayerNorm(DIM, eps=1e-6)
        inner, outer = nn.Linear(DIM, 4 * DIM), nn.Linear(4 * DIM, DIM)
        self.dinov2 = dinov2
        if dinov2:
            self.norm1, self.norm2 = norms
            self.mlp = Holder(fc1=inner, fc2=outer)
            self.layer_scale1, self.layer_scale2 = Scale("lambda1"), Scale("lambda1")
        else:
            self.layernorm_before, self.layernorm_after = norms
            self.intermediate, self.output = Holder(dense=inner), Holder(dense=outer)
        self.parts = [norms, (inner, outer)]

    def forward(self, x):
        (before, after), (inner, outer) = self.parts
        y = before(x)
        qkv = self.attention.attention
        y = self.attention.output.dense(attend(qkv.query(y), qkv.key(y), qkv.value(y)))
        x = x + (self.layer_scale1(y) if self.dinov2 else y)
        y = outer(nn.functional.gelu(inner(after(x))))
        return x + (self.layer_scale2(y) if self.dinov2 else y)


class TransformersVit(nn.Module):
    """ViTModel(add_pooling_layer=False), or Dinov2Model."""

    def __init__(self, dinov2=False):
        super().__init__()
        self.embeddings = Holder(patch_embeddings=Holder(projection=nn.Conv2d(3, DIM, PATCH, stride=PATCH)))
        self.embeddings.cls_token = nn.Parameter(torch.randn(1, 1, DIM))
        self.embeddings.position_embeddings = nn.Parameter(torch.randn(1, GRID**2 + 1, DIM))
        if dinov2:
            self.embeddings.mask_token = nn.Parameter(torch.randn(1, DIM))
        self.encoder = Holder(layer=nn.ModuleList(TransformersLayer(dinov2) for _ in range(DEPTH)))
        self.layernorm = nn.LayerNorm(DIM, eps=1e-6)

    def forward(self, image):
        x = self.embeddings.patch_embeddings.projection(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.embeddings.cls_token.expand(len(x), -1, -1), x], 1) + self.embeddings.position_embeddings
        for layer in self.encoder.layer:
            x = layer(x)
        return self.layernorm(x)


class TimmModel(nn.Module):
    """What timm's VisionTransformer, Eva and Beit share: names, and the order of tokens."""

    def __init__(self, *, img_size, patch_size, embed_dim, depth, num_heads, num_classes, norm_layer, class_token=True,
                 registers=0, bias=True):
        super().__init__()
        assert num_classes == 0
        self.grid, self.heads = img_size // patch_size, num_heads
        if class_token:
            self.cls_token = nn.Parameter(torch.randn(1, 1, embed_dim))
        if registers:
            self.reg_token = nn.Parameter(torch.randn(1, registers, embed_dim))
        self.patch_embed = Holder(proj=nn.Conv2d(3, embed_dim, patch_size, stride=patch_size))
        self.blocks = nn.ModuleList(Holder(
            norm1=norm_layer(embed_dim), norm2=norm_layer(embed_dim),
            attn=Holder(qkv=nn.Linear(embed_dim, 3 * embed_dim, bias=bias), proj=nn.Linear(embed_dim, embed_dim)),
            mlp=Holder(fc1=nn.Linear(embed_dim, 4 * embed_dim), fc2=nn.Linear(4 * embed_dim, embed_dim)))
            for _ in range(depth))
        self.norm = norm_layer(embed_dim)

    def with_prefix(self, x):
        prefix = [token.expand(len(x), -1, -1) for token in
                  (getattr(self, "cls_token", None), getattr(self, "reg_token", None)) if token is not None]
        return torch.cat([*prefix, x], dim=1)

    def embed(self, patches):
        return self.with_prefix(patches)

    def qkv(self, attn, x):
        return attn.qkv(x)

    def turn(self, x):
        return x

    def bias(self, attn):
        return 0

    def forward(self, image):
        self.grid = image.shape[-1] // self.patch_embed.proj.kernel_size[0]  # as dynamic_img_size, where timm has it
        x = self.embed(self.patch_embed.proj(image).flatten(2).transpose(1, 2))
        b, n, d = x.shape
        for block in self.blocks:
            qkv = self.qkv(block.attn, block.norm1(x)).reshape(b, n, 3, self.heads, d // self.heads)
            q, k, v = qkv.permute(2, 0, 3, 1, 4)
            logits = self.turn(q) @ self.turn(k).transpose(-2, -1) * (d // self.heads) ** -0.5 + self.bias(block.attn)
            x = x + block.attn.proj((logits.softmax(-1) @ v).transpose(1, 2).reshape(b, n, d))
            x = x + block.mlp.fc2(nn.functional.gelu(block.mlp.fc1(block.norm2(x))))
        return self.norm(x)


class TimmVisionTransformer(TimmModel):
    def __init__(self, reg_tokens=0, no_embed_class=False, class_token=True, global_pool="token", fc_norm=None, **common):
        super().__init__(class_token=class_token, registers=reg_tokens, **common)
        assert class_token or (global_pool == "avg" and fc_norm is False)  # else refused, or the norm is called fc_norm
        positions = self.grid**2 + (0 if no_embed_class else int(class_token) + reg_tokens)
        self.pos_embed = nn.Parameter(torch.randn(1, positions, common["embed_dim"]))
        self.no_embed_class = no_embed_class

    def embed(self, patches):
        if self.no_embed_class:
            return self.with_prefix(patches + self.pos_embed)
        return self.with_prefix(patches) + self.pos_embed


class TimmEva(TimmModel):
    def __init__(self, attn_type="eva", num_reg_tokens=0, class_token=True, use_abs_pos_emb=True, use_rot_pos_emb=False,
                 rope_type="cat", rope_temperature=10000.0, rope_rotate_half=False, use_fc_norm=None,
                 dynamic_img_size=False, **common):
        super().__init__(class_token=class_token, registers=num_reg_tokens, **common)
        assert attn_type == "rope"  # "eva" has biases of query and value alone
        assert use_rot_pos_emb and not use_abs_pos_emb and rope_type == "dinov3" and rope_rotate_half
        assert use_fc_norm is False and dynamic_img_size  # else what is computed of the periods is stored
        head = common["embed_dim"] // common["num_heads"]
        self.rope = nn.Module()
        periods = rope_temperature ** (2.0 * torch.arange(head // 4, dtype=torch.float32) / (head // 2))
        self.rope.register_buffer("periods", periods, persistent=False)

    def turn(self, x):
        sin, cos = rope_tables(self.grid, self.rope.periods)
        prefix = x.shape[2] - len(sin)
        return torch.cat([x[:, :, :prefix], rope_apply(x[:, :, prefix:], sin, cos)], dim=2)


class TimmBeit(TimmModel):
    def __init__(self, use_abs_pos_emb=True, use_rel_pos_bias=False, global_pool="avg", **common):
        super().__init__(bias=False, **common)
        assert use_rel_pos_bias and not use_abs_pos_emb and global_pool == "token"
        for block in self.blocks:
            block.attn.q_bias = nn.Parameter(torch.randn(common["embed_dim"]))
            block.attn.v_bias = nn.Parameter(torch.randn(common["embed_dim"]))
            table = torch.randn((2 * self.grid - 1) ** 2 + 3, common["num_heads"])
            block.attn.relative_position_bias_table = nn.Parameter(table)

    def qkv(self, attn, x):
        bias = torch.cat([attn.q_bias, torch.zeros_like(attn.q_bias), attn.v_bias])
        return nn.functional.linear(x, attn.qkv.weight, bias)

    def bias(self, attn):
        assert self.grid == GRID
        return attn.relative_position_bias_table[SimMim.index()].permute(2, 0, 1)


def randomised(network):
    """Norms and biases that differ from their first values: a tensor in the wrong place shows."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape) + (0.1 if parameter.dim() == 1 else 0))
    return network


def with_prefix(state, prefix):
    return collections.OrderedDict((prefix + name, tensor) for name, tensor in state.items())


TYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def write_safetensors(file, tensors, metadata=None):
    header, body = ({"__metadata__": metadata} if metadata else {}), b""
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        raw = bytes(tensor.reshape(-1).view(torch.uint8).numpy())
        header[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    Path(file).write_bytes(struct.pack("<Q", len(text)) + text + body)


def read_safetensors(file):
    raw = Path(file).read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    header.pop("__metadata__", None)
    kinds = {name: kind for kind, name in TYPES.items()}
    return {name: torch.frombuffer(bytearray(raw[8 + length:][slice(*entry["data_offsets"])]),
                                   dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


def make(folder):
    folder = Path(folder)
    torch.manual_seed(0)
    image = torch.randn(2, 3, IMAGE, IMAGE)
    write_safetensors(folder / "image.safetensors", {"image": image})

    def answer(name, network):
        with torch.no_grad():
            write_safetensors(folder / f"{name}.out.safetensors", {"tokens": network.eval()(image)})

    def save(name, network, content, **how):
        answer(name, network)
        torch.save(content, folder / f"{name}.pth", **how)

    legacy = {"_use_new_zipfile_serialization": False}
    args = argparse.Namespace(model="mae_vit_tiny", blr=1.5e-4, norm_pix_loss=True, output_dir=Path("out"))

    mae = randomised(MaeNetwork())
    optimizer = torch.optim.AdamW(mae.parameters())
    mae(image).sum().backward()
    optimizer.step()
    training = {"optimizer": optimizer.state_dict(), "epoch": 799, "scaler": {"scale": 65536.0}, "args": args}
    save("mae", mae, {"model": mae.state_dict(), **training})
    save("mae_legacy", mae, {"model": mae.state_dict(), **training}, **legacy)
    save("vasomim", mae, {"model": {**mae.state_dict(), "seg_model.conv1.weight": torch.randn(4, 3, 3, 3)}})
    save("hpm", mae, {"model": mae.state_dict(), "ema_state_dict": randomised(MaeNetwork()).state_dict()})
    # Columns and rows changed places in storage, one storage for two tensors, an offset into it.
    shared = torch.randn(3 * DIM * DIM + DIM * DIM)
    strided = dict(mae.state_dict())
    strided["blocks.0.attn.qkv.weight"] = shared[DIM * DIM:].reshape(DIM, 3 * DIM).t()
    strided["blocks.0.attn.proj.weight"] = shared[:DIM * DIM].reshape(DIM, DIM)
    mae.load_state_dict(strided)
    save("strided", mae, {"model": strided})

    for name, kind in (("half", torch.float16), ("bfloat", torch.bfloat16)):
        rounded = {key: value.to(kind) for key, value in randomised(TimmVit()).state_dict().items()}
        network = TimmVit()
        network.load_state_dict({key: value.float() for key, value in rounded.items()})
        save(name, network, rounded)

    student, teacher = randomised(TimmVit()), randomised(TimmVit())
    head = {"head.mlp.0.weight": torch.randn(8, DIM), "head.last_layer.weight_g": torch.ones(5, 1)}
    save("dino", teacher, {"student": with_prefix({**with_prefix(student.state_dict(), "backbone."), **head}, "module."),
                           "teacher": {**with_prefix(teacher.state_dict(), "backbone."), **head}, "epoch": 300,
                           "args": args}, **legacy)
    save("ibot", teacher, {"state_dict": {**teacher.state_dict(), "masked_embed": torch.randn(1, DIM)}})
    plain = randomised(TimmVit())
    save("mocov3", plain, {"epoch": 300, "arch": "vit_small", "state_dict": {
        **with_prefix(plain.state_dict(), "module.base_encoder."), "module.base_encoder.head.0.weight": torch.ones(2, 2),
        **with_prefix(teacher.state_dict(), "module.momentum_encoder.")}})
    save("no_embed_class", (network := randomised(TimmVit(cls_position=False))), network.state_dict())
    save("parameters", plain, dict(plain.named_parameters()))

    patches = randomised(TimmVit(cls=False))
    online = randomised(TimmVit(cls=False))
    save("ijepa", patches, {"encoder": with_prefix(online.state_dict(), "module."), "predictor": {
        "module.predictor_embed.weight": torch.ones(2, 2)}, "target_encoder": with_prefix(patches.state_dict(), "module."),
                            "epoch": 300, "lr": 1e-6, "opt": {"state": {}, "param_groups": [{"lr": 1e-6}]}})
    save("chexworld", patches, {"model": {**with_prefix(online.state_dict(), "encoder."),
                                          **with_prefix(patches.state_dict(), "target_encoder."),
                                          "predictor.mask_token": torch.ones(1, 1, 4)}})

    simmim = randomised(TimmVit(scale="gamma", split=True))
    state = {**with_prefix(simmim.state_dict(), "encoder."), "encoder.mask_token": torch.ones(1, 1, DIM),
             "decoder.0.weight": torch.ones(4, DIM, 1, 1)}
    save("simmim_plain", simmim, {"model": state})
    dinov2 = randomised(TimmVit(scale="ls"))
    state = {**dinov2.state_dict(), "mask_token": torch.ones(1, DIM)}
    save("dinov2", dinov2, state)
    save("dinov2_chunks", dinov2, {name.replace("blocks.", "blocks.0.").replace("blocks.0.1.", "blocks.1.1."): tensor
                                   for name, tensor in state.items()})
    for name, kind in (("vit_hf", False), ("dinov2_hf", True)):
        network = randomised(TransformersVit(kind))
        answer(name, network)
        extra = {} if kind else {"pooler.dense.weight": torch.ones(DIM, DIM), "pooler.dense.bias": torch.ones(DIM)}
        write_safetensors(folder / f"{name}.safetensors", {**network.state_dict(), **extra}, {"format": "pt"})
    gated = {"embeddings.patch_embeddings.weight": torch.ones(DIM, 3, PATCH, PATCH),
             "embeddings.register_tokens": torch.ones(1, 4, DIM), "layer.0.mlp.gate_proj.weight": torch.ones(8, DIM)}
    write_safetensors(folder / "dinov3_gated.safetensors", gated)
    foreign(folder)


def foreign(folder):
    """Encoders that differ from MAE's in more than names, with the very keys of the released files."""
    folder = Path(folder)
    torch.manual_seed(1)
    image, small = torch.randn(1, 3, IMAGE, IMAGE), torch.randn(1, 3, 2 * PATCH, 2 * PATCH)
    write_safetensors(folder / "foreign.safetensors", {"image": image, "small": small})

    def halved(network):
        """Weights that are the same in half, so that what is stored so is exact."""
        network.load_state_dict({name: tensor.half().to(tensor.dtype) if tensor.is_floating_point() and "periods" not in name
                                 else tensor for name, tensor in randomised(network).state_dict().items()})
        return network

    def stored(state):
        return {name: tensor.half() if tensor.dtype == torch.float32 and "periods" not in name else tensor
                for name, tensor in state.items()}

    def answer(name, network, *images):
        with torch.no_grad():
            outputs = {kind: network.eval()(given) for kind, given in zip(("tokens", "small"), images)}
        write_safetensors(folder / f"{name}.out.safetensors", outputs)

    network = halved(Dinov2WithRegisters())
    answer("dinov2_reg", network, image)
    torch.save({**stored(network.state_dict()), "mask_token": torch.ones(1, DIM)}, folder / "dinov2_reg.pth")

    network = halved(Dinov3())
    answer("dinov3", network, image, small)
    mask = torch.cat([torch.ones(DIM), torch.zeros(DIM), torch.ones(DIM)])
    masks = {"blocks.0.attn.qkv.bias_mask": torch.full((3 * DIM,), float("nan")), "blocks.1.attn.qkv.bias_mask": mask}
    torch.save({**stored(network.state_dict()), **masks}, folder / "dinov3.pth")
    # What follows computes its periods, in float32.
    head = DIM // HEADS
    network.rope_embed.periods = 100.0 ** (2 * torch.arange(head // 4) / (head // 2))
    answer("dinov3_hf", network, image, small)
    write_safetensors(folder / "dinov3_hf.safetensors", as_transformers(stored(network.state_dict())), {"format": "pt"})

    network = halved(Dinov3(bias=False))
    answer("meddinov3", network, image, small)
    heads = {"ibot_head.mlp.0.weight": torch.ones(4, DIM), "dino_head.last_layer.weight": torch.ones(4, 4)}
    torch.save({"teacher": {**with_prefix(stored(network.state_dict()), "backbone."), **heads}}, folder / "meddinov3.pth")
    network.rope_embed.periods = 100.0 ** (2 * torch.arange(head // 4) / (head // 2))
    answer("dinov3_timm", network, image)
    write_safetensors(folder / "dinov3_timm.safetensors", as_timm(stored(network.state_dict())))

    network = halved(Sam(positions=False))
    answer("lvm_med", network, image, small)
    torch.save(with_prefix(stored(network.state_dict()), "image_encoder."), folder / "lvm_med.pth")
    network = halved(Sam(positions=True))
    answer("sam", network, image)
    torch.save({**with_prefix(stored(network.state_dict()), "image_encoder."), "image_encoder.neck.0.weight": torch.ones(
        4, DIM, 1, 1), "mask_decoder.iou_token.weight": torch.ones(1, 4)}, folder / "sam.pth")

    network = halved(SimMim())
    answer("simmim", network, image)
    torch.save({"model": {**with_prefix(stored(network.state_dict()), "encoder."), "encoder.mask_token": torch.ones(
        1, 1, DIM), "decoder.0.weight": torch.ones(4, DIM, 1, 1)}}, folder / "simmim.pth")

    network = halved(TransformersVit(dinov2=True))
    answer("rad_dino", network, image)
    write_safetensors(folder / "rad_dino.safetensors", stored(network.state_dict()), {"format": "pt"})


def samples(folder):
    """Every type, strides and offsets, and what training checkpoints hold beside weights; few bytes, known numbers."""
    import numpy

    state = collections.OrderedDict()
    state["f32"] = torch.arange(6.0).reshape(2, 3)
    state["transposed"] = state["f32"].t()  # the same storage
    state["tail"] = state["f32"][1]
    for name, kind in (("f64", torch.float64), ("f16", torch.float16), ("bf16", torch.bfloat16), ("i64", torch.int64),
                       ("i32", torch.int32), ("i16", torch.int16), ("i8", torch.int8), ("u8", torch.uint8),
                       ("bool", torch.bool)):
        state[name] = torch.tensor([0, 1, 3]).to(kind)
    state["scalar"] = torch.tensor(7.5)
    state["empty"] = torch.zeros(0, 4)
    state["parameter"] = nn.Parameter(torch.ones(2))
    state._metadata = collections.OrderedDict(version=1)
    content = {"model": state, "epoch": 3, "lr": 1e-3, "best": numpy.float64(0.5), "name": "tiny", "none": None,
               "args": argparse.Namespace(model="mae", output_dir=Path("out")), "steps": {1, 2}, "big": 2**40,
               "nested": {"deep": [torch.tensor([1.0]), torch.tensor([2.0])]}, 5: torch.tensor([5.0])}
    torch.save(content, Path(folder) / "zip.pth")
    torch.save(content, Path(folder) / "legacy.pth", _use_new_zipfile_serialization=False)


def check(folder, files):
    image = read_safetensors(Path(folder) / "image.safetensors")["image"]
    for file in map(Path, files):
        name = file.name.split(".")[0]
        source = file / "model.safetensors" if file.is_dir() else file
        if source.suffix == ".pth":
            state = torch.load(source)["model"]
        else:
            state = read_safetensors(source)
        network = (TransformersVit() if file.is_dir() else MaeNetwork() if "mask_token" in state
                   else TimmVit(cls="cls_token" in state)).eval()
        if file.is_dir():
            config = json.loads((file / "config.json").read_text())
            assert config["hidden_size"] == DIM and config["num_attention_heads"] == HEADS, config
            assert config["image_size"] == IMAGE and config["patch_size"] == PATCH, config
        network.load_state_dict(state, strict=True)
        with torch.no_grad():
            expected = read_safetensors(Path(folder) / f"{name}.out.safetensors")["tokens"]
            print(file.name, (network(image) - expected).abs().max().item())


def check_timm(folder, names):
    timm = types.SimpleNamespace(models=types.SimpleNamespace(
        VisionTransformer=TimmVisionTransformer, Eva=TimmEva, Beit=TimmBeit,
        load_checkpoint=lambda model, file: model.load_state_dict(read_safetensors(file), strict=True)))
    image = read_safetensors(Path(folder) / "foreign.safetensors")["image"]
    for name in names:
        given = {"timm": timm, "torch": torch, "functools": functools, "FILE": Path(folder) / f"{name}.timm.safetensors"}
        exec((Path(folder) / f"{name}.timm.py").read_text(), given)
        with torch.no_grad():
            expected = read_safetensors(Path(folder) / f"{name}.out.safetensors")["tokens"]
            print(name, (given["model"].eval()(image) - expected).abs().max().item())


if __name__ == "__main__":
    {"make": make, "samples": samples, "foreign": foreign,
     "check": lambda folder: check(folder, sys.argv[3:]),
     "check_timm": lambda folder: check_timm(folder, sys.argv[3:])}[sys.argv[1]](sys.argv[2])
