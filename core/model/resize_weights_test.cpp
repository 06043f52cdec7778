#include "model/resize_weights.hpp"
#include "model/test_support.hpp"

#include <doctest/doctest.h>

using namespace vaso;
using tests::relative_error;
using tests::waves;

// Expected numbers: torch.nn.functional.interpolate of PyTorch 1.13.1.

namespace {

at::Tensor list(std::initializer_list<double> values) {
  return at::tensor(at::ArrayRef<double>(values.begin(), values.size()), at::kDouble);
}

model::VitShape shape_of(std::int64_t image, std::int64_t patch) {
  model::VitShape shape;
  shape.image_size = image;
  shape.patch_size = patch;
  shape.dim = 8;
  shape.depth = 2;
  shape.heads = 2;
  return shape;
}

Bag stored(const model::VitShape& shape) {
  model::Vit vit(shape);
  model::initialise(vit, 4);
  return model::weights(vit);
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("position tables: bicubic to an explicit size, plain or antialiased, the prefix untouched") {
    const at::Tensor table = waves({1, 10, 2}, 0.7);
    const at::Tensor rows = at::tensor({1, 8, 25}, at::kLong);
    const at::Tensor plain = model::resize_positions(table, 1, 5);
    REQUIRE(plain.sizes() == at::IntArrayRef({1, 26, 2}));
    CHECK(at::equal(plain[0][0], table[0][0]));
    CHECK(relative_error(plain[0].index_select(0, rows).flatten(),
                         list({1.2209661, 1.08114684, 0.577727079, 0.284383923, 0.0595510155, 0.84486872})) < 1e-6);
    const auto timm = model::PositionResize::antialias;
    CHECK(relative_error(model::resize_positions(table, 1, 5, timm)[0].index_select(0, rows).flatten(),
                         list({1.16760027, 1.03115797, 0.521189034, 0.190773159, 0.0527436845, 0.804351568})) < 1e-6);
    CHECK(relative_error(model::resize_positions(table, 1, 2)[0].slice(0, 1).flatten(),
                         list({0.609381258, 0.57067281, -0.248925135, -0.563668609, -0.53995204, -0.622875154,
                               0.0775054991, 0.462468058})) < 1e-6);
    CHECK(relative_error(model::resize_positions(table, 1, 2, timm)[0].slice(0, 1).flatten(),
                         list({0.475583404, 0.484787554, 0.0312877372, -0.304875195, -0.509879053, -0.41497013,
                               0.121094078, 0.412670225})) < 1e-6);
    const auto dino = model::PositionResize::offset;  // interpolate(scale_factor = (new + 0.1) / old)
    CHECK(relative_error(model::resize_positions(table, 1, 5, dino)[0].index_select(0, rows).flatten(),
                         list({1.22460091, 1.08456278, 0.575534046, 0.27570346, 0.0542637445, 0.813616753})) < 1e-6);
    CHECK(relative_error(model::resize_positions(table, 1, 2, dino)[0].slice(0, 1).flatten(),
                         list({0.652953863, 0.596969247, -0.207517982, -0.55654496, -0.549007714, -0.521674454,
                               0.149126843, 0.458615333})) < 1e-6);
    CHECK(at::equal(model::resize_positions(table, 1, 3, timm), table));
    CHECK(model::resize_positions(waves({1, 197, 4}), 1, 32).size(1) == 1025);  // 224 to 512 pixels
    CHECK_THROWS_WITH_AS(model::resize_positions(table, 0, 5), doctest::Contains("1×10×2"), std::invalid_argument);
  }

  TEST_CASE("patch kernels: bicubic as if they were images") {
    const at::Tensor kernel = waves({2, 3, 4, 4}, 0.37);
    CHECK(relative_error(model::resize_patch_kernel(kernel, 3)[1][2].flatten(),
                         list({-0.896939754, -0.80423367, -0.489879668, 0.429189235, 0.817095399, 0.979808688,
                               0.539987981, 0.124665283, -0.325015157})) < 1e-6);
    CHECK(relative_error(model::resize_patch_kernel(kernel, 6)[0][1][0],
                         list({-0.497525662, -0.308697343, 0.00499398261, 0.235883623, 0.530152261, 0.700115502})) <
          1e-6);
    CHECK(at::equal(model::resize_patch_kernel(kernel, 4), kernel));
  }

  TEST_CASE("patch kernels: FlexiViT's gives a resampled patch the token of the patch") {
    // Numbers: timm's resample_patch_embed with numpy's pinv in float64.
    const auto flexivit = model::PatchResize::flexivit;
    const at::Tensor kernel = waves({2, 3, 4, 4}, 0.37);
    const at::Tensor larger = model::resize_patch_kernel(kernel, 6, flexivit);
    CHECK(relative_error(larger[1][2][0], list({-0.412635583, -0.451980549, -0.492066899, -0.480553877, -0.412154906,
                                                -0.354332655})) < 1e-5);
    CHECK(relative_error(model::resize_patch_kernel(kernel, 3, flexivit)[1][2].flatten(),
                         list({-1.91123515, -1.65603957, -1.14772657, 1.01460089, 1.8061601, 2.32165679, 1.05521418,
                               0.132178576, -0.811059837})) < 1e-5);
    const at::Tensor patch = waves({5, 3, 4, 4}, 1.7);
    const at::Tensor resampled = at::_upsample_bicubic2d_aa(patch, {6, 6}, false);
    CHECK(relative_error(at::conv2d(resampled, larger), at::conv2d(patch, kernel)) < 1e-5);
  }

  TEST_CASE("an encoder at another image and patch size: what was resized is said") {
    const Bag from = stored(shape_of(32, 8));
    model::Vit vit(shape_of(48, 4));
    Bag file = from;
    file["decoder_embed.weight"] = at::zeros({2, 2});
    const model::LoadReport report = model::load_encoder(vit, file);
    CHECK(report.missing.empty());
    CHECK(report.unexpected == std::vector<std::string>{"decoder_embed.weight"});
    CHECK(report.resized ==
          std::vector<std::string>{"patch_embed.proj.weight: 8×3×8×8 → 8×3×4×4", "pos_embed: 1×17×8 → 1×145×8"});
    CHECK(report.loaded.size() == from.size() - 2);
    const Bag into = model::weights(vit);
    CHECK(at::equal(into.at("blocks.1.mlp.fc2.weight"), from.at("blocks.1.mlp.fc2.weight")));
    CHECK(at::equal(into.at("pos_embed"), model::resize_positions(from.at("pos_embed"), 1, 12)));
    CHECK(at::equal(into.at("patch_embed.proj.weight"),
                    model::resize_patch_kernel(from.at("patch_embed.proj.weight"), 4)));
    CHECK(report.to_text() ==
          "28 tensors loaded\n2 resized: patch_embed.proj.weight: 8×3×8×8 → 8×3×4×4, pos_embed: 1×17×8 → 1×145×8\n"
          "1 in the file and not used: decoder_embed.weight");
  }

  TEST_CASE("to windows and relative positions: these are new, the class token is left behind") {
    auto shape = shape_of(32, 8);
    shape.window = 2;
    shape.global_blocks = {1};
    shape.relative_positions = true;
    const Bag from = stored(shape_of(32, 8));
    model::Vit vit(shape);
    const model::LoadReport report = model::load_encoder(vit, from);
    CHECK(report.missing == std::vector<std::string>{"blocks.0.attn.rel_pos_h", "blocks.0.attn.rel_pos_w",
                                                     "blocks.1.attn.rel_pos_h", "blocks.1.attn.rel_pos_w"});
    CHECK(report.unexpected == std::vector<std::string>{"cls_token"});
    CHECK(at::equal(model::weights(vit).at("pos_embed"), from.at("pos_embed").slice(1, 1)));
    // A larger window: its table is stretched linearly, as detectron2's get_rel_pos does.
    Bag trained = model::weights(vit);
    trained["blocks.0.attn.rel_pos_h"] = waves({3, 4}, 0.9);
    shape.window = 4;
    model::Vit larger(shape);
    model::load_encoder(larger, trained);
    const at::Tensor table = model::weights(larger).at("blocks.0.attn.rel_pos_h");
    const at::Tensor expected = at::upsample_linear1d(waves({3, 4}, 0.9).t().unsqueeze(0), {7}, false)[0].t();
    CHECK(at::equal(table, expected));
  }

  TEST_CASE("biases by difference of places fit another grid, those of the class token stay") {
    auto shape = shape_of(32, 8);
    shape.positions = model::Positions::relative_bias;
    Bag from = stored(shape);
    from["blocks.0.attn.relative_position_bias_table"] = waves({7 * 7 + 3, 2}, 0.3);
    from["blocks.1.attn.relative_position_bias_table"] = at::full({7 * 7 + 3, 2}, 0.5);
    shape.image_size = 48;
    model::Vit vit(shape);
    CHECK(model::load_encoder(vit, from).resized.size() == 2);
    const at::Tensor first = model::weights(vit).at("blocks.0.attn.relative_position_bias_table");
    const at::Tensor before = from.at("blocks.0.attn.relative_position_bias_table");
    CHECK(at::equal(first.slice(0, 11 * 11), before.slice(0, 7 * 7)));
    CHECK(relative_error(first[5 * 11 + 5], before[3 * 7 + 3]) < 1e-6);  // no difference: the middle of either table
    CHECK(relative_error(model::weights(vit).at("blocks.1.attn.relative_position_bias_table"),
                         at::full({11 * 11 + 3, 2}, 0.5)) < 1e-6);
  }

  TEST_CASE("weights of another encoder are refused with every name, and nothing is changed") {
    Bag from = stored(shape_of(32, 8));
    from["blocks.0.norm1.weight"] = at::zeros({9});
    from.erase("blocks.1.attn.qkv.bias");
    from["pos_embed"] = at::zeros({1, 17, 6});
    model::Vit vit(shape_of(32, 8));
    const at::Tensor before = model::weights(vit).at("patch_embed.proj.weight").clone();
    for (const char* part :
         {"blocks.0.norm1.weight: the encoder has 8, the weights have 9", "blocks.1.attn.qkv.bias: missing, 24 wanted",
          "pos_embed: the encoder has 1×17×8, the weights have 1×17×6", "model.encoder"}) {
      CHECK_THROWS_WITH_AS(model::load_encoder(vit, from), doctest::Contains(part), model::WeightError);
    }
    CHECK(at::equal(model::weights(vit).at("patch_embed.proj.weight"), before));
    // An encoder with a class token cannot be filled from one without.
    auto without = shape_of(32, 8);
    without.window = 2;
    CHECK_THROWS_WITH_AS(model::load_encoder(vit, stored(without)), doctest::Contains("cls_token: missing"),
                         model::WeightError);
  }
}
