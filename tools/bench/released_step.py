#!/usr/bin/python3
"""One pre-training step of the released shape in PyTorch, to hold `vaso bench step` against.

    python3 released_step.py --batch 8 --threads 2 --repeat 3
    python3 released_step.py --batch 256 --device cuda --amp fp16 --repeat 10

ViT-B/16 at 224, half of the patches masked, decoder 512 wide and 8 deep, reconstruction and anatomical consistency through
a frozen UNeXt-S, torch.optim.AdamW with the released parameter groups: the operators that the released code calls (timm's
Attention with an explicit softmax, PyTorch's GELU, LayerNorm and losses), on noise: in float32, or under autocast, in fp16
with a gradient scaler as the released training on GPUs has it. Needs torch, nothing else; the product does not use it.
Prints the median over repetitions, after a few first steps that do not count.
"""
import argparse
import ctypes
import resource
import statistics
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        batch, tokens, dim = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(batch, tokens, dim))


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.attention = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ShiftedMlp(nn.Module):
    """UNeXt's tokenised MLP: channels in five groups, shifted along one axis and then along the other."""

    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.fc1, self.fc2 = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.depthwise = nn.Conv2d(dim, dim, 3, 1, 1, groups=dim)

    @staticmethod
    def shift(x, height, width, axis):
        batch, tokens, dim = x.shape
        padded = F.pad(x.transpose(1, 2).view(batch, dim, height, width).contiguous(), (2, 2, 2, 2))
        parts = [torch.roll(part, by, axis) for part, by in zip(torch.chunk(padded, 5, 1), range(-2, 3))]
        moved = torch.cat(parts, 1).narrow(2, 2, height).narrow(3, 2, width)
        return moved.reshape(batch, dim, tokens).contiguous().transpose(1, 2)

    def forward(self, x, height, width):
        y = self.fc1(self.shift(self.norm(x), height, width, 2))
        batch, tokens, dim = y.shape
        y = self.depthwise(y.transpose(1, 2).view(batch, dim, height, width)).flatten(2).transpose(1, 2)
        return x + self.fc2(self.shift(F.gelu(y).contiguous(), height, width, 3))


class UnextS(nn.Module):
    def __init__(self):
        super().__init__()
        widths = [3, 8, 16, 32, 64, 128]
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, 1, 1) for a, b in zip(widths[:3], widths[1:4]))
        self.down_norm = nn.ModuleList(nn.BatchNorm2d(c) for c in widths[1:4])
        self.embed = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in ((32, 64), (64, 128)))
        self.embed_norm = nn.ModuleList(nn.LayerNorm(c) for c in (64, 128))
        self.mlp = nn.ModuleList(ShiftedMlp(c) for c in (64, 128))
        self.mlp_norm = nn.ModuleList(nn.LayerNorm(c) for c in (64, 128))
        self.up = nn.ModuleList(nn.Conv2d(a, b, 3, 1, 1) for a, b in ((128, 64), (64, 32), (32, 16), (16, 8), (8, 8)))
        self.up_norm = nn.ModuleList(nn.BatchNorm2d(c) for c in (64, 32, 16, 8))
        self.up_mlp = nn.ModuleList(ShiftedMlp(c) for c in (64, 32))
        self.up_mlp_norm = nn.ModuleList(nn.LayerNorm(c) for c in (64, 32))
        self.final = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        batch, skipped = x.shape[0], []

        def raster(tokens, height, width):
            return tokens.reshape(batch, height, width, -1).permute(0, 3, 1, 2).contiguous()

        for convolution, norm in zip(self.down, self.down_norm):
            x = F.relu(F.max_pool2d(norm(convolution(x)), 2, 2))
            skipped.append(x)
        for level in range(2):
            x = self.embed[level](x)
            height, width = x.shape[2:]
            tokens = self.embed_norm[level](x.flatten(2).transpose(1, 2))
            x = raster(self.mlp_norm[level](self.mlp[level](tokens, height, width)), height, width)
            if level == 0:
                skipped.append(x)
        for level in range(4):
            x = F.relu(F.interpolate(self.up_norm[level](self.up[level](x)), scale_factor=(2, 2), mode="bilinear"))
            x = x + skipped[3 - level]
            if level < 2:
                height, width = x.shape[2:]
                tokens = self.up_mlp[level](x.flatten(2).transpose(1, 2), height, width)
                x = raster(self.up_mlp_norm[level](tokens), height, width)
        return self.final(F.relu(F.interpolate(self.up[4](x), scale_factor=(2, 2), mode="bilinear")))


class Vasomim(nn.Module):
    grid, patch = 14, 16

    def __init__(self, dim=768, depth=12, heads=12, decoder_dim=512, decoder_depth=8, decoder_heads=16):
        super().__init__()
        tokens, values = self.grid**2, 3 * self.patch**2
        self.embed = nn.Conv2d(3, dim, self.patch, self.patch)
        self.cls = nn.Parameter(torch.randn(1, 1, dim) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, 1 + tokens, dim) * 0.02, requires_grad=False)
        self.blocks = nn.ModuleList(Block(dim, heads) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.decoder_embed = nn.Linear(dim, decoder_dim)
        self.mask_token = nn.Parameter(torch.randn(1, 1, decoder_dim) * 0.02)
        self.decoder_positions = nn.Parameter(torch.randn(1, 1 + tokens, decoder_dim) * 0.02, requires_grad=False)
        self.decoder_blocks = nn.ModuleList(Block(decoder_dim, decoder_heads) for _ in range(decoder_depth))
        self.decoder_norm = nn.LayerNorm(decoder_dim, eps=1e-6)
        self.predict = nn.Linear(decoder_dim, values)
        self.segmentor = UnextS().eval().requires_grad_(False)

    def patchify(self, images):
        x = images.reshape(-1, 3, self.grid, self.patch, self.grid, self.patch)
        return torch.einsum("nchpwq->nhwpqc", x).reshape(-1, self.grid**2, 3 * self.patch**2)

    def unpatchify(self, patches):
        x = patches.reshape(-1, self.grid, self.grid, self.patch, self.patch, 3)
        side = self.grid * self.patch
        return torch.einsum("nhwpqc->nchpwq", x).reshape(-1, 3, side, side)

    def forward(self, images):
        with torch.no_grad():
            vessels = torch.sigmoid(self.segmentor(images))
        x = self.embed(images).flatten(2).transpose(1, 2) + self.positions[:, 1:]
        batch, tokens, dim = x.shape
        kept = tokens // 2
        order = torch.rand(batch, tokens, device=images.device).argsort(1)
        place = order.argsort(1)
        x = torch.gather(x, 1, order[:, :kept].unsqueeze(-1).repeat(1, 1, dim))
        masked = torch.ones(batch, tokens, device=images.device)
        masked[:, :kept] = 0
        masked = torch.gather(masked, 1, place)
        x = torch.cat([(self.cls + self.positions[:, :1]).expand(batch, -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        x = self.decoder_embed(self.norm(x))
        full = torch.cat([x[:, 1:], self.mask_token.repeat(batch, tokens - kept, 1)], 1)
        full = torch.gather(full, 1, place.unsqueeze(-1).repeat(1, 1, x.shape[2]))
        x = torch.cat([x[:, :1], full], 1) + self.decoder_positions
        for block in self.decoder_blocks:
            x = block(x)
        prediction = self.predict(self.decoder_norm(x))[:, 1:]
        target = self.patchify(images)
        mean, variance = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
        deviation = (variance + 1e-6) ** 0.5
        error = ((prediction - (target - mean) / deviation) ** 2).mean(-1)
        reconstruction = (error * masked).sum() / masked.sum()
        seen = self.segmentor(self.unpatchify(prediction * deviation + mean))
        return reconstruction + F.binary_cross_entropy_with_logits(seen, vessels)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--batch", type=int, default=8)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--repeat", type=int, default=3)
    options.add_argument("--device", default="cpu")
    options.add_argument("--amp", choices=["off", "fp16", "bf16"], default="off")
    options = options.parse_args()
    on_gpu = options.device != "cpu"
    torch.set_num_threads(options.threads)
    try:
        ctypes.CDLL("libopenblas.so.0").openblas_set_num_threads(options.threads)
    except OSError:
        pass  # another BLAS, which follows torch
    torch.manual_seed(0)
    network = Vasomim().to(options.device)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": [p for p in trained if p.ndim >= 2], "weight_decay": 0.05},
         {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0}], lr=1e-4, betas=(0.9, 0.95))
    images = torch.randn(options.batch, 3, 224, 224).to(options.device)
    scaler = torch.cuda.amp.GradScaler(enabled=on_gpu and options.amp == "fp16")
    reduced = torch.bfloat16 if options.amp == "bf16" or not on_gpu else torch.float16
    first = 3 if on_gpu else 1
    seconds = []
    at_once = 4 if on_gpu else 1  # steps without waiting for the GPU, as `vaso bench step` takes them
    for _ in range(options.repeat + first):
        start = time.perf_counter()
        for _ in range(at_once):
            with torch.autocast(options.device, dtype=reduced, enabled=options.amp != "off"):
                loss = network(images)
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append((time.perf_counter() - start) / at_once)
    middle = statistics.median(seconds[first:])
    if on_gpu:
        peak = torch.cuda.max_memory_allocated() / 2**30
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"batch {options.batch}, {options.device}, amp {options.amp}, {options.threads} threads: "
          f"{1e3 * middle:.1f} ms a step ({1e3 * min(seconds[first:]):.1f} to {1e3 * max(seconds[first:]):.1f}), "
          f"{options.batch / middle:.2f} images/s, peak {peak:.2f} GiB")


if __name__ == "__main__":
    main()
