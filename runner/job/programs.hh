#pragma once

#include "attest/record.hh"
#include "runner/store/store.hh"

#include <string>
#include <sys/stat.h>
#include <vector>

namespace caisson::runner {

/// Device, inode, size, change time: another one for a file that was changed, since only root can
/// set a change time back.
[[nodiscard]] std::string file_identity(const struct stat& status);

/// The digests of our own programs, for builderDependencies. Each is hashed once and remembered in
/// the store under the file's identity. One that is not there is an Error of kind kHost.
[[nodiscard]] std::vector<attest::Material> program_digests(Store& store);

} // namespace caisson::runner
