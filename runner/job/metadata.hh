#pragma once

#include "attest/record.hh"
#include "runner/image/descriptor.hh"
#include "runner/job/step_error.hh"
#include "runner/request.hh"

#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// What `--metadata-file` tells of a build, good or bad; the keys are a contract with scripts.
struct Metadata {
    const std::vector<attest::StepEvidence>& steps;
    const StepError* failed = nullptr; ///< the step that ended the build
    std::optional<Descriptor> manifest;
    std::string config;
    std::string provenance; ///< digest of the bundle
};

/// Writes it, where the request asks for it.
void write_metadata(const BuildRequest& request, const Metadata& metadata);

} // namespace caisson::runner
