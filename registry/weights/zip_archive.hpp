// The entries of a zip archive whose contents are stored as they are, which is how PyTorch writes checkpoints.
//
// Own code and not libzip: that library copies contents out and does not tell where they lie, and here they are to be
// used where they lie, in the mapped file.
#pragma once

#include "weights/mapped_file.hpp"

#include <map>
#include <string>

namespace vaso::weights {

// Contents by name. Zip64 archives are understood. Throws through `complain` where an entry is compressed, encrypted,
// overlaps another, or lies outside the file, or where two have one name.
std::map<std::string, Bytes, std::less<>> stored_entries(Bytes archive, const Complaint& complain);

}  // namespace vaso::weights
