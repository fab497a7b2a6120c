#pragma once

#include "runner/image/output.hh"
#include "runner/job/site.hh"
#include "runner/progress/progress.hh"
#include "runner/request.hh"

#include <string>

namespace caisson::runner {

/// What a build hands out.
struct Result {
    Descriptor manifest;
    attest::Digest bundle_digest; ///< a blob of the store
    std::string bundle;           ///< the Sigstore bundle itself
    LayerStack layers;
};

/// Refuses a destination that can not be written, before any step runs.
void check_outputs(const BuildRequest& request);

/// Hands out the image and its attestation, together: to every `-o`, or without one into the store
/// under every tag. Nothing appears under its name before it is whole.
void hand_out(const BuildRequest& request, const Result& result, Site& site, Progress& progress);

} // namespace caisson::runner
