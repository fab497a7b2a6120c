#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>

namespace caisson::sandbox {

/// Writes the file `name` of the tar in `archive` to standard output, behind walls that leave it
/// nothing but its descriptors, and says the outcome in the file `answer`: {"result": bytes} or an
/// error. Returns the exit code: 0 once the outcome is said.
int run_member_mode(UniqueFd archive, UniqueFd answer, const std::string& name);

} // namespace caisson::sandbox
