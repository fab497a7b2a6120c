#pragma once

#include "attest/record.hh"
#include "runner/store/store.hh"

#include <vector>

namespace caisson::runner {

/// The digests of our own programs, for builderDependencies. Each is hashed once and remembered in
/// the store under the file's identity (device, inode, size, change time): only root can set a
/// change time back.
[[nodiscard]] std::vector<attest::Material> program_digests(Store& store);

} // namespace caisson::runner
