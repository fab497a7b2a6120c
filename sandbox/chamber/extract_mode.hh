#pragma once

#include "sandbox/base/unique_fd.hh"

namespace caisson::sandbox {

/// Unpacks the tar in `input` into `destination` with the caller's own ids and no other right on
/// files, and says the outcome on standard output: {"result": …} or an error. Returns the exit
/// code: 0 once the outcome is said.
int run_extract_mode(UniqueFd input, UniqueFd destination);

} // namespace caisson::sandbox
