#pragma once

#include "runner/progress/progress.hh"
#include "runner/request.hh"

namespace caisson::runner {

/// One build, from request to image and attestation. Throws an Error on any end but a good one;
/// then no image and no attestation has appeared, and no process, mount or tree of the build is
/// left.
void build(const BuildRequest& request, Progress& progress);

} // namespace caisson::runner
