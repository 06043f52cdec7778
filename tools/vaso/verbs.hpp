// The verbs of `vaso`, one file each. Every one returns an exit code, and explains itself with --help.
#pragma once

#include "command_line.hpp"

#include <span>

namespace vaso::cli {

struct Verb {
  const char* name;  // one word, or two
  const char* summary;
  int (*call)(const Arguments&);
};

// In the order of `vaso --help`.
std::span<const Verb> all_verbs();
const Verb* find_verb(std::string_view name);  // null where there is none of that name
// The verb that the words begin with, and how many of them name it.
const Verb* find_verb(const Arguments& words, std::size_t& length);
bool is_verb_group(std::string_view word);  // "study", whose verbs have two words
std::vector<std::string> verb_names();

int run(const Arguments& arguments);
int study_run(const Arguments& arguments);
int study_resume(const Arguments& arguments);
int study_status(const Arguments& arguments);
int ls(const Arguments& arguments);
int show(const Arguments& arguments);
int diff(const Arguments& arguments);
int table(const Arguments& arguments);
int report(const Arguments& arguments);
int plugins_ls(const Arguments& arguments);
int plugins_info(const Arguments& arguments);
int plugins_check(const Arguments& arguments);
int plugins_new(const Arguments& arguments);
int plugins_docs(const Arguments& arguments);
int config_show(const Arguments& arguments);
int config_check(const Arguments& arguments);
int data_info(const Arguments& arguments);
int data_check(const Arguments& arguments);
int data_preview(const Arguments& arguments);
int data_pack(const Arguments& arguments);
int guidance_make(const Arguments& arguments);
int predict(const Arguments& arguments);
int evaluate_masks(const Arguments& arguments);
int evaluate_boxes(const Arguments& arguments);
int export_csv(const Arguments& arguments);
int export_tensorboard(const Arguments& arguments);
int export_mlflow(const Arguments& arguments);
int db_merge(const Arguments& arguments);
int db_backup(const Arguments& arguments);
int db_check(const Arguments& arguments);
int db_gc(const Arguments& arguments);
int weights_info(const Arguments& arguments);
int weights_import(const Arguments& arguments);
int weights_export(const Arguments& arguments);
int completion(const Arguments& arguments);
int help(const Arguments& arguments);
int bench(const Arguments& arguments);
int doctor(const Arguments& arguments);

}  // namespace vaso::cli
