// Test images with what is there and what was found.
#pragma once

#include "data/pack.hpp"
#include "train/finetune_recipe.hpp"
#include "train/task_evaluation.hpp"
#include "vision/overlay.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::train {

// The answer laid over its image: masks tinted and boxes outlined in the colours of their labels.
vision::ColourImage draw_answer(const vision::GreyImage& image, const Answer& answer, double least_score);

class TaskPicture {
 public:
  TaskPicture(const FinetuneRecipe& recipe, const std::vector<std::string>& labels, const data::Pack& pack)
      : recipe_(recipe), labels_(labels), pack_(pack) {}
  void add(std::int64_t record, const Answer& answer);
  std::size_t rows() const { return rows_.size(); }
  void write(const std::filesystem::path& file) const;  // throws DataError

 private:
  const FinetuneRecipe& recipe_;
  const std::vector<std::string>& labels_;
  const data::Pack& pack_;
  std::vector<std::vector<vision::ColourImage>> rows_;
};

}  // namespace vaso::train
