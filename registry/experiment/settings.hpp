// The host's own tables of an experiment file. Component parameters are described by their plugins.
//
// A component is chosen by a key of its kind's table, and its parameters stand there or, where they are meant for that
// component alone, in a sub-table of its name:
//
//   [masking]                 [masking.anatomy]
//   strategy = "anatomy"      beta_end = 0.5
//   ratio = 0.5
#pragma once

#include "sdk/schema.hpp"

#include <string>
#include <vector>

namespace vaso::experiment {

struct General {  // top level
  std::string name;
  std::int64_t seed = 0;
  std::int64_t threads = 0;
  std::string device = "auto";
  std::string precision = "fp32";
  std::vector<std::string> phases = {"pretrain"};
  std::vector<std::string> plugins;
  void describe(Schema& s) {
    s.field(name, "name", "what the experiment is called in the run database; default: the file's name");
    s.field(seed, "seed", "every random number of the run follows from it").at_least(0);
    s.field(threads, "threads", "threads for the computation; 0 = all cores").range(0, 1024);
    s.field(device, "device", "where to compute; auto = CUDA where there is one").choices({"auto", "cpu", "cuda"});
    s.field(precision, "precision", "of the forward pass; weights and optimizer stay in fp32")
        .choices({"fp32", "bf16"});
    s.field(phases, "phases", "what to run, in order").choices({"segmentor", "pretrain", "finetune"});
    s.field(plugins, "plugins", "folders to look for plugins in, before VASO_PLUGIN_PATH").path();
  }
};

struct Data {  // [data], beside the data set's own parameters
  std::string dataset = "phantom";
  std::vector<std::string> splits;
  std::int64_t limit = 0;
  std::int64_t workers = 1;
  void describe(Schema& s) {
    s.field(dataset, "dataset", "dataset component that yields the images");
    s.field(splits, "splits", "use only images of these splits, so that none of a test set is seen; empty = all")
        .choices({"train", "val", "test"});
    s.field(limit, "limit", "use only the first so many images; 0 = all").at_least(0);
    s.field(workers, "workers", "threads that crop, resize and flip; results do not depend on it").range(0, 256);
  }
};

struct Views {  // [views]
  std::vector<double> area = {0.2, 1.0};
  std::vector<double> aspect = {0.75, 4.0 / 3.0};
  double flip = 0.5;
  std::vector<double> mean = {0.485, 0.456, 0.406};
  std::vector<double> deviation = {0.229, 0.224, 0.225};
  void describe(Schema& s) {
    s.field(area, "area", "random crop: least and most share of the image's area").range(0.001, 1.0).length(2);
    s.field(aspect, "aspect", "random crop: least and most width/height").range(0.05, 20.0).length(2);
    s.field(flip, "flip", "probability of a horizontal flip").range(0, 1);
    s.field(mean, "mean", "subtracted from each of the three channels of [0,1] pixels").length(3);
    s.field(deviation, "deviation", "divides each of the three channels").range(1e-6, 1e6).length(3);
  }
};

struct Guidance {  // [guidance], beside sub-tables of the sources
  std::string filter = "frangi";
  std::string source = "co_guidance";
  void describe(Schema& s) {
    s.field(filter, "filter",
            "guidance component whose binary mask teaches the segmentor and counts masked vessel patches");
    s.field(source, "source", "guidance component that tells the masking strategy where vessels are");
  }
};

struct Segmentor {  // [segmentor]: UNeXt-S, its training and use
  std::string weights;
  bool reinit_bug = false;
  std::int64_t epochs = 200;
  std::int64_t batch_size = 256;
  double learning_rate = 1e-3;
  double power = 0.9;
  std::int64_t image_size = 224;
  void describe(Schema& s) {
    s.field(weights, "weights", "safetensors file to use instead of training one in phase segmentor; \"\" = train")
        .path();
    s.field(reinit_bug, "reinit_bug",
            "re-initialise the shift-MLPs and layer norms after loading, as the released code does");
    s.field(epochs, "epochs", "passes over the data").at_least(1);
    s.field(batch_size, "batch_size", "images per step").at_least(1);
    s.field(learning_rate, "learning_rate", "Adam's, at the start").range(0, 10);
    s.field(power, "power", "of the polynomial decay lr·(1−e/E)^power, per epoch").range(0, 10);
    s.field(image_size, "image_size", "side of the crops it is trained on; a multiple of 32")
        .unit("px")
        .range(32, 4096);
  }
};

struct Model {  // [model]
  std::string encoder = "vit_b";
  std::int64_t image_size = 224;
  std::int64_t patch_size = 16;
  std::int64_t dim = 0, depth = 0, heads = 0;
  bool activation_checkpointing = false;
  std::string init_from, position_resize = "plain", patch_resize = "bicubic";
  std::string positions = "table";
  std::int64_t registers = 0;
  bool class_token = true, final_norm = true;
  double norm_eps = 1e-6;
  void describe(Schema& s) {
    s.field(encoder, "encoder", "Ti 192/12/3, S 384/12/6, B 768/12/12, L 1024/24/16, H 1280/32/16 (dim/depth/heads)")
        .choices({"vit_ti", "vit_s", "vit_b", "vit_l", "vit_h"});
    s.field(image_size, "image_size", "side of the view; a multiple of patch_size").unit("px").range(8, 4096);
    s.field(patch_size, "patch_size", "side of a patch; the released models use 14 or 16").unit("px").range(2, 256);
    s.field(dim, "dim", "width, instead of the encoder's; 0 = the encoder's").at_least(0);
    s.field(depth, "depth", "blocks, instead of the encoder's; 0 = the encoder's").at_least(0);
    s.field(heads, "heads", "attention heads, instead of the encoder's; 0 = the encoder's").at_least(0);
    s.field(activation_checkpointing, "activation_checkpointing",
            "keep only what enters each transformer block, and compute the rest again for the backward pass: less "
            "memory, more time, the same results");
    s.field(init_from, "init_from", "safetensors file to start the encoder from; \"\" = fresh").path();
    s.field(
         position_resize, "position_resize",
         "how its positions come to another grid: bicubic, with antialiasing (timm), with DINO's and DINOv2's offset")
        .choices({"plain", "antialias", "offset"});
    s.field(patch_resize, "patch_resize", "how its patch kernel does: bicubic, or FlexiViT's pseudo-inverse")
        .choices({"bicubic", "flexivit"});
    s.field(positions, "positions",
            "where a patch is: a table added to tokens, rotation (DINOv3), a bias of the attention (SimMIM), nothing "
            "(LVM-Med)")
        .choices({"table", "rotary", "relative_bias", "none"});
    s.field(registers, "registers", "learnt tokens beside the class token; DINOv3 has 4").range(0, 256);
    s.field(class_token, "class_token", "I-JEPA and CheXWorld have none");
    s.field(final_norm, "final_norm", "LVM-Med has none");
    s.field(norm_eps, "norm_eps", "of the layer norms; DINOv3 has 1e-5").range(1e-12, 1e-2);
  }
};

struct Optimizer {  // [optimizer]: AdamW, warm-up and cosine per iteration
  double base_lr = 1.5e-4;
  double min_lr = 0;
  double warmup_epochs = 40;
  double weight_decay = 0.05;
  std::vector<double> betas = {0.9, 0.95};
  double clip = 0;
  void describe(Schema& s) {
    s.field(base_lr, "base_lr", "learning rate for 256 images a step; scaled by the effective batch size").range(0, 10);
    s.field(min_lr, "min_lr", "learning rate at the end of the cosine").range(0, 10);
    s.field(warmup_epochs, "warmup_epochs", "epochs of linear warm-up from 0").at_least(0);
    s.field(weight_decay, "weight_decay", "on tensors of two or more dimensions").range(0, 10);
    s.field(betas, "betas", "AdamW's").range(0, 0.99999).length(2);
    s.field(clip, "clip", "largest norm of the gradient; 0 = no clipping").at_least(0);
  }
};

struct Pretrain {  // [pretrain]
  std::int64_t epochs = 800;
  std::int64_t batch_size = 256;
  std::int64_t accumulate = 1;
  std::int64_t checkpoint_minutes = 10;
  std::int64_t pictures = 8;
  void describe(Schema& s) {
    s.field(epochs, "epochs", "passes over the data").at_least(1);
    s.field(batch_size, "batch_size", "images per forward pass").at_least(1);
    s.field(accumulate, "accumulate", "forward passes per optimizer step").at_least(1);
    s.field(checkpoint_minutes, "checkpoint_minutes",
            "minutes between checkpoints; one is written after every epoch anyway")
        .unit("min")
        .at_least(1);
    s.field(pictures, "pictures", "images in the picture made at the end; 0 = none").range(0, 64);
  }
};

struct Study {  // [study], beside `factors`, `baseline` and [[study.cells]]: see experiment/study.hpp
  std::string question;
  std::string design = "grid";
  std::vector<std::int64_t> seeds;
  std::int64_t workers = 1;
  void describe(Schema& s) {
    s.field(question, "question", "what the study is to answer; its report begins with it");
    s.field(design, "design", "how levels are combined: all with all, one factor at a time, one left out, or a list")
        .choices({"grid", "one_factor", "leave_one_out", "list"});
    s.field(seeds, "seeds", "repeat every cell with these seeds; empty = `seed` alone").at_least(0);
    s.field(workers, "workers", "runs at a time; they share the cores").range(1, 256);
  }
};

// Tables whose first key chooses a component: table, key, kind. `loss` is an array of tables.
struct ComponentTable {
  const char* table;
  const char* key;
  const char* kind;
  const char* fallback;  // used where the key is not set; "" = must be set
};
inline constexpr ComponentTable component_tables[] = {
    {"data", "dataset", "dataset", "phantom"},
    {"guidance", "source", "guidance", "co_guidance"},
    {"objective", "name", "objective", "mae"},
    {"masking", "strategy", "masking", "random"},
    {"loss", "name", "loss", ""},
};

}  // namespace vaso::experiment
