#pragma once

#include <cstdint>
#include <string>

namespace caisson::sandbox {

/// Writes the content of the regular file `name` of the plain tar in `archive` (a regular file,
/// read from its start) to `output`; how many bytes. The whole archive is looked at: what could be
/// read in two ways (the name twice, an entry that is neither file nor directory, a `..`, a sparse
/// file) is an Error of kind kInput, as is an archive without that name or with too many others.
std::uint64_t write_archive_member(int archive, const std::string& name, int output);

} // namespace caisson::sandbox
