// [downstream.NAME]: a task on which an encoder is fine-tuned and measured. Each is one run of phase `finetune`.
//
//   [downstream.vessels]                  [downstream.vessels.arcade]              [downstream.unet]
//   dataset = "arcade"                    root = "/data/arcade"                    like = "vessels"
//   head = "vessel_segmentation"          task = "syntax"                          vessel_segmentation.decoder = "unet"
//   epochs = 50
//
// Parameters of the data set and of the head stand in sub-tables of their names.
#pragma once

#include "config/tree.hpp"
#include "sdk/schema.hpp"

#include <string>
#include <vector>

namespace vaso::experiment {

struct Downstream {
  std::string dataset, head;
  std::string init = "pretrained";
  std::string weights;
  std::string tune = "full";
  std::int64_t lora_rank = 8;
  double lora_alpha = 16;
  std::vector<std::string> lora_targets = {"qkv", "proj"};
  std::int64_t image_size = 224, patch_size = 0;
  std::string position_resize = "plain", patch_resize = "bicubic";
  std::int64_t window = 0;
  std::vector<std::int64_t> global_blocks;
  bool relative_positions = false;
  double drop_path = 0.1;
  double label_fraction = 1;
  std::string fraction_by = "image";
  double validation_share = 0.15, test_share = 0.2;
  std::int64_t split_seed = 0;
  std::int64_t epochs = 50, batch_size = 16, accumulate = 1;
  double learning_rate = 1e-4, min_lr = 1e-6, warmup_epochs = 1, weight_decay = 0.05, layer_decay = 0.75, clip = 1;
  std::vector<double> betas = {0.9, 0.999};
  std::int64_t early_stop = 15, validate_every = 1;
  std::string select;
  std::string evaluate_at = "image";
  std::int64_t pictures = 8, test_pictures = 100;
  bool surface_distances = true;
  void describe(Schema& s) {
    s.field(dataset, "dataset", "dataset component that yields labelled images");
    s.field(head, "head", "head component: what is learned");
    s.field(init, "init", "pretrained = from phase pretrain or `weights`; scratch = the same encoder, fresh")
        .choices({"pretrained", "scratch"});
    s.field(weights, "weights", "safetensors file to start the encoder from; \"\" = the encoder of phase pretrain")
        .path();
    s.field(tune, "tune", "what of the encoder is trained: all of it, nothing (a probe), or low-rank additions")
        .choices({"full", "frozen", "lora"});
    s.field(lora_rank, "lora_rank", "rank of the additions where tune = \"lora\"").range(1, 1024);
    s.field(lora_alpha, "lora_alpha", "their scale is lora_alpha / lora_rank").range(1e-6, 1e6);
    s.field(lora_targets, "lora_targets", "layers of every block that get one").choices({"qkv", "proj", "fc1", "fc2"});
    s.field(image_size, "image_size", "side of the square input; images are scaled to fit and padded")
        .unit("px")
        .range(8, 4096);
    s.field(patch_size, "patch_size",
            "side of a patch; 0 = model.patch_size. The patch kernel and positions are resized")
        .unit("px")
        .range(0, 256);
    s.field(position_resize, "position_resize",
            "how positions are: bicubic, with antialiasing (timm), with DINO's and DINOv2's offset")
        .choices({"plain", "antialias", "offset"});
    s.field(patch_resize, "patch_resize", "how the kernel is: bicubic, or FlexiViT's pseudo-inverse")
        .choices({"bicubic", "flexivit"});
    s.field(window, "window", "blocks attend within windows of so many patches a side; 0 = everywhere").range(0, 256);
    s.field(global_blocks, "global_blocks",
            "with `window`: blocks that attend everywhere, from 0; ViTDet: 2, 5, 8, 11");
    s.field(relative_positions, "relative_positions", "add decomposed relative positions to the attention (ViTDet)");
    s.field(drop_path, "drop_path", "chance to skip the last block, linear from 0 at the first").range(0, 0.9);
    s.field(label_fraction, "label_fraction",
            "share of the training labels to use; smaller ones are within larger ones")
        .range(0.0001, 1);
    s.field(fraction_by, "fraction_by", "what label_fraction counts").choices({"image", "patient"});
    s.field(validation_share, "validation_share",
            "of the training patients, held out where the data set has no \"val\"")
        .range(0, 0.9);
    s.field(test_share, "test_share", "of the patients, held out where the data set is not divided at all")
        .range(0, 0.9);
    s.field(split_seed, "split_seed",
            "of validation_share, test_share and label_fraction; all seeds of a study are compared on the same images")
        .at_least(0);
    s.field(epochs, "epochs", "passes over the training images").at_least(1);
    s.field(batch_size, "batch_size", "images per forward pass").at_least(1);
    s.field(accumulate, "accumulate", "forward passes per optimizer step").at_least(1);
    s.field(learning_rate, "learning_rate", "at the peak, of the head and the last block; not scaled by the batch")
        .range(0, 10);
    s.field(min_lr, "min_lr", "learning rate at the end of the cosine").range(0, 10);
    s.field(warmup_epochs, "warmup_epochs", "epochs of linear warm-up from 0").at_least(0);
    s.field(weight_decay, "weight_decay", "on tensors of two or more dimensions but positions and class token")
        .range(0, 10);
    s.field(layer_decay, "layer_decay", "each block learns at this factor of the rate of the block above it")
        .range(0.01, 1);
    s.field(clip, "clip", "largest norm of the gradient; 0 = no clipping").at_least(0);
    s.field(betas, "betas", "AdamW's").range(0, 0.99999).length(2);
    s.field(early_stop, "early_stop", "validations without a better one after which training ends; 0 = never")
        .at_least(0);
    s.field(validate_every, "validate_every", "epochs between validations").at_least(1);
    s.field(select, "select", "validation metric that selects the weights; \"\" = dice, or ap50 for boxes");
    s.field(evaluate_at, "evaluate_at", "masks are compared at the size of the image, or of the input")
        .choices({"image", "input"});
    s.field(surface_distances, "surface_distances",
            "also compute Hausdorff 95 and surface distance on the test images");
    s.field(pictures, "pictures", "test images in the picture made at the end; 0 = none").range(0, 64);
    s.field(test_pictures, "test_pictures",
            "test images that get a small picture of their own, for a report's best and worst cases; 0 = none")
        .range(0, 100'000);
  }
};

struct Augmentation {  // [downstream.NAME.augment]
  std::vector<double> scale = {0.9, 1.1};
  double shift = 0.0625, rotate = 15, flip = -1, brightness = 0.2, contrast = 0.2;
  void describe(Schema& s) {
    s.field(scale, "scale", "least and most zoom; 0.1 and 2 give detectron2's large-scale jitter")
        .range(0.05, 10)
        .length(2);
    s.field(shift, "shift", "most shift, as a share of the side").range(0, 1);
    s.field(rotate, "rotate", "most rotation to either side").unit("degrees").range(0, 180);
    s.field(
         flip, "flip",
         "probability of a horizontal flip; -1 = 0.5, or 0 with several labels: left and right arteries are not alike")
        .range(-1, 1);
    s.field(brightness, "brightness",
            "most change of all grey values, as a share of white; four of five images get one")
        .range(0, 1);
    s.field(contrast, "contrast", "most change of their spread").range(0, 1);
  }
};

// Names of the tasks of a cell, in the order of the file. Throws ConfigError where [downstream] holds something else.
std::vector<std::string> downstream_tasks(const config::Node& cell);

// Resolves `like` in every task: what another task sets holds where this one sets nothing. Throws ConfigError (no such
// task, a circle).
void resolve_tasks(config::Node& cell);

// The cell with [downstream] reduced to one task, resolved. Throws ConfigError.
config::Node with_task(const config::Node& cell, const std::string& task);

}  // namespace vaso::experiment
